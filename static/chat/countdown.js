// Time left, by the server's clock: each place says its words, and the page is read again when it is over.

for (const place of document.querySelectorAll("[data-until]")) {
  const offset = Date.parse(place.closest("[data-now]").dataset.now) - Date.now();
  const until = Date.parse(place.dataset.until);
  const tick = () => {
    const left = Math.ceil((until - Date.now() - offset) / 1000);
    const time = `${Math.floor(Math.max(0, left) / 60)}:${String(Math.max(0, left) % 60).padStart(2, "0")}`;
    if (left > 0) { place.textContent = place.dataset.words.replace("{time}", time); return; }
    clearInterval(timer);
    if (place.dataset.over) place.textContent = place.dataset.over;
    else setTimeout(() => location.reload(), 1000);
  };
  const timer = setInterval(tick, 500);
  tick();
}
