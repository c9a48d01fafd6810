// Time left, by the server's clock: each place says its words, and the page is read again when it is over.

import { clockOffset } from "./clock.js";

// Further ahead a clock says nothing that the date does not.
const DAY = 24 * 60 * 60;

for (const place of document.querySelectorAll("[data-until]")) {
  const { now, next } = place.closest("[data-now]").dataset;
  const offset = clockOffset(now);
  const until = Date.parse(place.dataset.until);
  const tick = () => {
    // Rounded as in the agents' console: both sides see the same second.
    const left = Math.floor((until - Date.now() - offset) / 1000);
    if (left >= DAY) return;
    if (left >= 0) { place.textContent = place.dataset.words.replace("{time}", clock(left)); return; }
    clearInterval(timer);
    // To its address, and not a reload: the page may be the answer to a form.
    if (place.dataset.over) place.textContent = place.dataset.over;
    else setTimeout(() => location.replace(next), 1000);
  };
  const timer = setInterval(tick, 500);
  tick();
}

function clock(seconds) {
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, "0"));
  const hours = Math.floor(seconds / 3600);
  return hours ? [hours, ...parts].join(":") : parts.join(":").replace(/^0/, "");
}
