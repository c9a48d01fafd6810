// The customer's page: the server renders its regions, and this places them when the chat moves.

import { Attention } from "./attention.js";
import { Composer, newId, store, takeOrphans } from "./composer.js";
import { Timeline, makeButtons, phrase } from "./timeline.js";
import { Transport } from "./transport.js";

const root = document.querySelector('[data-role="chat"]');
const role = (name) => root.querySelector(`[data-role="${name}"]`);
makeButtons(root);
const attention = new Attention(role("sound"), "fs.silent");
const clockOffset = Date.parse(root.dataset.now) - Date.now();
let chat = null;
// The conversation on this page, also after its end, and how far its reader is known to have it.
let reading = null;
// In a frame until its host says that it is shown.
let isMinimized = window.parent !== window;
let hostOrigin = null;

root.classList.add("is-live");
role("menu").hidden = false;
role("connection").textContent = role("connection").dataset.text;
keepAboveKeyboard();
host();
listenToForms();
setInterval(tick, 1000);
// The page of old lines is for browsers without scripts; here they come above the newest ones.
if (root.querySelector("[data-is-older]")) location.replace("/chat/");
else if (root.dataset.session) begin();
else first();

// --- A running chat -------------------------------------------------------------------------------------

function begin() {
  const session = Number(root.dataset.session);
  const timeline = new Timeline(root, { side: "customer", fileUrl: (id) => `/chat/archivo/${id}/` });
  timeline.moveMarks({ delivered: Number(root.dataset.agentDelivered), read: Number(root.dataset.agentRead) });
  const transport = new Transport({
    socketPath: "/ws/chat/", pollUrl: "/chat/eventos/", commandUrl: "/chat/ordenes/", csrfToken: csrf(),
    followed: () => [{ session, after: timeline.last }],
  });
  startReading(timeline, transport);
  if (root.dataset.stage === "ended") return;
  const form = role("composer");
  const composer = new Composer(form, {
    session, timeline, send: (frame) => transport.send(frame), authorName: "", onEnded: () => leaveUnsent(),
    maxBytes: Number(root.dataset.maxBytes), maxChars: Number(root.dataset.maxChars), tooLarge: root.dataset.tooLarge,
  });
  keepIdentification();
  chat = { session, timeline, transport, composer, stateKey: keyOf(JSON.parse(root.dataset.standing)) };
  composer.hold(root.dataset.stage === "identification");
  subscribe(chat);
  transport.start();
}

// What came while no page showed it is unread, whatever page comes first.
function startReading(timeline, transport) {
  const marks = { delivered: Number(root.dataset.customerDelivered), read: Number(root.dataset.customerRead) };
  reading = { timeline, transport, ...marks };
  unread(timeline.countUnread(marks.read, ["agent", "system"]));
  seen();
  document.addEventListener("visibilitychange", seen);
  timeline.scroller.addEventListener("scroll", seen);
  window.addEventListener("focus", seen);
}

function subscribe({ transport, timeline, composer }) {
  transport.on("message.created", (frame) => received(frame));
  transport.on("attachment.scanned", (frame) => timeline.scanned(frame.attachment));
  transport.on("message.stored", (frame) => composer.stored(frame));
  transport.on("marks.moved", (frame) => { if (frame.side === "agent") timeline.moveMarks(frame); });
  transport.on("typing.changed", (frame) => showTyping(frame.is_typing));
  transport.on("session.changed", (frame) => moved(frame));
  transport.on("queue.moved", (frame) => showPlace(frame.place));
  transport.on("error", (frame) => refused(frame));
  transport.on("transport.changed", ({ isOnline }) => { role("connection").hidden = isOnline; if (isOnline) { composer.flush(); seen(); } });
  transport.on("transport.closed", ({ code }) => { if (code === 4404) location.reload(); });
}

function received(frame) {
  // The line itself is as good as its acknowledgement, which a broken connection may have taken with it.
  chat.composer.stored(frame);
  if (!chat.timeline.add(frame)) return;
  if (chat.timeline.misses(frame)) chat.timeline.readFilesAgain();
  if (frame.author !== "customer") {
    showTyping(false);
    attention.ring();
    if (!isSeen()) unread(attention.unread + 1);
  }
  seen();
}

function isSeen() {
  return !document.hidden && !isMinimized && reading.timeline.isAtEnd();
}

// Marks: what this browser has, and what it has shown.
function seen() {
  if (!reading) return;
  const delivered = reading.timeline.last;
  const read = isSeen() ? delivered : reading.read;
  if (isSeen() && attention.unread) unread(0);
  if (delivered === reading.delivered && read === reading.read) return;
  if (tellMarks({ type: "marks.move", delivered, read })) Object.assign(reading, { delivered, read });
}

// An ended chat has no connection, and is read all the same.
function tellMarks(frame) {
  if (chat) return chat.transport.send(frame);
  if (root.dataset.stage !== "ended") return false;
  reading.transport.post(frame);
  return true;
}

function unread(count) {
  attention.count(count);
  tellHost({ type: "unread", count });
}

function showTyping(isTyping) {
  const typing = role("typing");
  const wasAtEnd = chat.timeline.isAtEnd();
  typing.textContent = typing.dataset.text;
  typing.hidden = !isTyping;
  clearTimeout(chat.typingTimer);
  if (isTyping) chat.typingTimer = setTimeout(() => { typing.hidden = true; }, 6000);
  if (wasAtEnd) chat.timeline.scrollToEnd();
}

function showPlace(place) {
  const line = role("queue-place");
  if (!line) return;
  line.dataset.place = place;
  const waited = now() - Date.parse(line.dataset.queuedAt);
  if (waited < Number(line.dataset.showAfterMs)) return;
  const number = document.createElement("strong");
  number.textContent = place;
  const [before, after] = phrase("queue_place").split("{place}");
  line.replaceChildren(before, number, after);
}

function keyOf({ state, agent, is_identified, is_offered, offered_hours, ends_at }) {
  return JSON.stringify([state, agent, is_identified, is_offered, offered_hours, ends_at]);
}

async function moved(frame) {
  const stateKey = keyOf(frame);
  if (chat.stateKey === stateKey) return;
  if (frame.state === "ended") { leaveUnsent(); return; }
  // Only what was placed is known: after a lost answer the next frame asks again.
  if (await refresh()) chat.stateKey = stateKey;
}

function refused(frame) {
  chat.composer.refused(frame);
  if (["chat.ended", "chat.identification-pending"].includes(frame.code)) refresh();
}

// The chat ended with something unsent: the page that follows offers to use it.
function leaveUnsent() {
  const unsent = chat.composer.takeUnsent();
  chat.transport.stop();
  if (unsent) store.set("fs.unsent", unsent);
  location.replace("/chat/");
}

// --- Regions: rendered by the server, placed when their key changed --------------------------------------

async function refresh() {
  try {
    const response = await fetch("/chat/", { headers: { Accept: "text/html" } });
    if (!response.ok) return false;
    placeRegions(await response.text());
    return true;
  } catch { return false; /* the connection line already says so, and coming back refreshes again */ }
}

function placeRegions(html, forced = null) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const body = fresh.querySelector('[data-role="chat"]');
  if (!body) return;
  root.dataset.stage = body.dataset.stage;
  if (body.dataset.session !== root.dataset.session || body.dataset.stage === "ended") { location.replace("/chat/"); return; }
  for (const region of root.querySelectorAll("[data-region]")) {
    const other = fresh.querySelector(`[data-region="${region.dataset.region}"]`);
    if (region.dataset.key === other.dataset.key && region !== forced) continue;
    place(region, other);
  }
  // The agent's name, which a waiting customer's page did not have.
  if (chat) role("typing").dataset.text = fresh.querySelector('[data-role="typing"]').dataset.text;
  tick();
  holdUntilIdentified();
}

// Told by the page that was placed last, so that no lost answer can leave lines held for ever.
function holdUntilIdentified() {
  const isDue = root.dataset.stage === "identification";
  if (chat && chat.composer.isHeld !== isDue) chat.composer.hold(isDue);
  if (!isDue) forgetIdentification();
}

function forgetIdentification() {
  for (const key of store.keys("fs.id.")) store.remove(key);
}

// What was typed of the identification survives a reload, and is forgotten once the chat has it.
function keepIdentification() {
  for (const input of root.querySelectorAll(".form--identification .field input")) {
    const key = `fs.id.${root.dataset.session}.${input.name}`;
    recall(input, key);
    input.addEventListener("input", () => store.set(key, input.value));
  }
}

function place(region, other) {
  const hadFocus = region.contains(document.activeElement);
  const wasAtEnd = chat && chat.timeline.isAtEnd();
  region.dataset.key = other.dataset.key;
  region.replaceChildren(...other.childNodes);
  if (wasAtEnd) chat.timeline.scrollToEnd();
  enhance(region);
  const wrong = region.querySelector(".field--wrong input, .field--wrong textarea");
  if (wrong) { wrong.focus(); wrong.closest(".field").scrollIntoView({ block: "nearest" }); }
  else if (hadFocus && chat) chat.composer.box.focus();
  if (wasAtEnd) requestAnimationFrame(() => chat.timeline.scrollToEnd());
}

function enhance(region) {
  makeButtons(region);
  keepIdentification();
  const button = region.querySelector('[data-role="sound"]');
  if (button) { role("menu").hidden = false; attention.button = button; button.hidden = false; button.onclick = () => attention.toggle(); attention.show(); }
  const minimize = region.querySelector('[data-role="minimize"]');
  if (minimize) minimizable(minimize);
}

// Forms and links that say data-live work without leaving the page; without scripts they leave it.
function listenToForms() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-live]") || event.defaultPrevented) return;
    event.preventDefault();
    load(form.action, { method: "POST", body: new FormData(form) }, form);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-live]");
    if (link) { event.preventDefault(); load(link.href, {}, link); }
    for (const menu of document.querySelectorAll('[data-role="menu"][open]')) if (!menu.contains(event.target) || link) menu.open = false;
  });
}

async function load(url, options, source) {
  try {
    const response = await fetch(url, options);
    const wasEnded = root.dataset.stage === "ended";
    const html = await response.text();
    if (!html.includes('data-role="chat"')) throw new Error(String(response.status));
    if (wasEnded) placeEnded(html);
    else placeRegions(html, source.closest("[data-region]"));
  } catch {
    // No network, a form that is too old, or a proxy's own page: what was typed stays where it is.
    tellFailed(source);
  }
}

function tellFailed(source) {
  const before = role("form-failed");
  if (before) before.remove();
  const words = document.createElement("p");
  Object.assign(words, { className: "error", textContent: phrase("form_failed") });
  words.dataset.role = "form-failed";
  words.setAttribute("role", "alert");
  source.append(words);
  words.scrollIntoView({ block: "nearest" });
}

// An ended chat has no conversation to keep alive: its regions are simply placed.
function placeEnded(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const name of ["notice", "stage"]) place(root.querySelector(`[data-region="${name}"]`), fresh.querySelector(`[data-region="${name}"]`));
}

// --- Clocks ---------------------------------------------------------------------------------------------

function now() { return Date.now() + clockOffset; }

function tick() {
  const countdown = role("countdown");
  if (countdown) {
    const left = Math.max(0, Math.round((Date.parse(countdown.dataset.until) - now()) / 1000));
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    countdown.textContent = ` (${phrase("time_left", { time })})`;
  }
  const line = role("queue-place");
  if (line && line.dataset.place && !line.querySelector("strong")) showPlace(Number(line.dataset.place));
}

// --- Before a chat --------------------------------------------------------------------------------------

function first() {
  const box = role("first-text");
  const pageUrl = role("page-url");
  if (pageUrl) pageUrl.value = document.referrer;
  if (!box) { keepTyped(); focusBox(); return; }
  recall(box, "fs.draft.first");
  box.addEventListener("input", () => store.set("fs.draft.first", box.value));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !window.matchMedia("(pointer: coarse)").matches) { event.preventDefault(); box.form.requestSubmit(); }
  });
  if (window.parent === window) focusBox();
}

// Name, e-mail and message survive a reload; they are forgotten once the chat has them.
function keepTyped() {
  for (const input of root.querySelectorAll('.stage input[name="name"], .stage input[name="email"], .stage textarea[name="text"]')) {
    const key = `fs.draft.${input.name}`;
    recall(input, key);
    input.addEventListener("input", () => store.set(key, input.value));
  }
}

// What was typed before the scripts came is kept as well.
function recall(field, key) {
  if (field.value) store.set(key, field.value);
  else field.value = store.get(key) || "";
}

function forgetTyped() {
  for (const name of ["first", "name", "email", "text"]) store.remove(`fs.draft.${name}`);
}
if (root.dataset.session || role("left-message")) forgetTyped();
if (root.dataset.stage !== "identification") forgetIdentification();

// What chats could not take, also while no page was open, is offered again: on the page of the end, or as
// what a new chat begins with.
if (!chat) takeLeftovers();

function takeLeftovers() {
  const orphans = takeOrphans("", []);
  const unsent = [store.get("fs.unsent"), orphans].filter(Boolean).join("\n");
  if (!unsent) return;
  store.set("fs.unsent", unsent);
  const box = role("first-text");
  if (root.dataset.stage === "ended") offerUnsent(unsent);
  else if (box && !box.value) { box.value = unsent; store.set("fs.draft.first", unsent); store.remove("fs.unsent"); }
}

async function offerUnsent(unsent) {
  const body = new FormData();
  body.append("csrfmiddlewaretoken", csrf());
  body.append("text", unsent);
  body.append("client_id", newId());
  try {
    const response = await fetch("/chat/mensajes/", { method: "POST", body });
    placeEnded(await response.text());
    // Kept until a form has it: only then can it no longer be lost.
    const field = root.querySelector('.stage textarea[name="text"]');
    if (field) field.form.addEventListener("submit", () => store.remove("fs.unsent"));
  } catch { /* it stays in the store, and the next page offers it */ }
}

function csrf() {
  const field = document.querySelector('input[name="csrfmiddlewaretoken"]');
  return field ? field.value : "";
}

// Some phones lay the keyboard over the page instead of shrinking it; the composer stays above.
function keepAboveKeyboard() {
  const view = window.visualViewport;
  if (!view || window.parent !== window) return;
  view.addEventListener("resize", () => {
    root.style.height = view.height < window.innerHeight ? `${view.height}px` : "";
    if (chat) chat.timeline.scrollToEnd();
  });
}

// --- The page that frames us ----------------------------------------------------------------------------

function host() {
  if (window.parent === window) return;
  root.classList.add("is-framed");
  minimizable(role("minimize"));
  window.addEventListener("message", (event) => { if (event.source === window.parent) fromHost(event); });
  // A chat that ended is no reason to come back: the site's bar asks again.
  const session = root.dataset.stage === "ended" ? "" : root.dataset.session || "";
  window.parent.postMessage({ facturando: "ready", session }, "*");
}

function minimizable(button) {
  if (window.parent === window || !button) return;
  button.hidden = false;
  button.onclick = () => tellHost({ type: "minimize" });
}

function fromHost({ data, origin }) {
  if (!data || typeof data !== "object") return;
  if (!hostOrigin) { hostOrigin = origin; unread(attention.unread); }
  if (data.facturando === "shown") { isMinimized = false; if (chat) chat.timeline.keepFollowing(); seen(); focusBox(); }
  if (data.facturando === "hidden") isMinimized = true;
  if (data.facturando === "text" && typeof data.text === "string") takeText(data.text, String(data.page || ""));
}

function focusBox() {
  // Whoever already types, while the scripts were on their way, goes on in that very field.
  if (document.activeElement && document.activeElement.matches("input, textarea")) return;
  const box = root.querySelector(".field--wrong input, .field--wrong textarea") || role("first-text")
    || role("text-box") || root.querySelector('.stage input[name="name"]');
  if (box && !window.matchMedia("(pointer: coarse)").matches) box.focus();
}

// The message typed in the site's bar. The bar forgets it when it is told so: a first message has been kept once
// the server answers with a page that holds it.
function takeText(text, page) {
  const box = role("first-text");
  const field = root.querySelector('.stage textarea[name="text"]:not(#unsent)');
  if (chat) { chat.composer.put(text); chat.composer.submit(); }
  else if (box && !box.defaultValue) {
    box.value = text;
    role("page-url").value = page.slice(0, 2000);
    store.set("fs.draft.first", text);
    box.form.requestSubmit();
    return;
  } else if (field) {
    if (!bare(field.value).includes(bare(text))) field.value = [field.value, text].filter(Boolean).join("\n");
    store.set(box ? "fs.draft.first" : "fs.draft.text", field.value);
  } else {
    const unsent = [store.get("fs.unsent"), text].filter(Boolean).join("\n");
    store.set("fs.unsent", unsent);
    offerUnsent(unsent);
  }
  tellHost({ type: "taken" });
}

// What the server leaves of a text, white space and invisible marks aside.
function bare(text) { return text.replace(/[\s\p{C}]/gu, ""); }

function tellHost(message) {
  if (hostOrigin) window.parent.postMessage({ facturando: message.type, ...message }, hostOrigin);
}
