// The agents' console: lists and panes rendered by the server, kept alive by one socket.

import { Attention } from "./attention.js";
import { clockOffset } from "./clock.js";
import { Composer, store, takeOrphans } from "./composer.js";
import { Timeline, phrase } from "./timeline.js";
import { Transport } from "./transport.js";

const root = document.querySelector('[data-role="console"]');
const role = (name, within = root) => within.querySelector(`[data-role="${name}"]`);
const agent = Number(root.dataset.agent);
const attention = new Attention(role("sound"), "fs.console.silent");
const owner = `agente-${agent}-`;
const noteKey = (session) => `fs.note.${owner}${session}`;
const panes = new Map();
const accepting = new Set();
// What lost news and the passing of time change in the lists, without anything that happens.
const LISTS_AGAIN_MS = 60000;
// More than news take that were not lost.
const NEWS_MS = 1000;
// More than an answer takes on a bad line.
const CLOCK_SET_MS = 10000;
// Of two columns a narrow window has none beside the lists.
const NARROW = 720;
// As the server counts its digest of the lists.
const DIGEST_FACTOR = 1000003;
const DIGEST_PRIME = 2147483647;
let known = waitingIds();
let shown = [];
let offset = clockOffset(role("queue").dataset.now);
let listsReadAt = Date.now();

const transport = new Transport({
  socketPath: "/ws/agente/", pollUrl: "/agente/eventos/", commandUrl: "/agente/ordenes/", loginUrl: "/agente/entrar/",
  csrfToken: document.querySelector('input[name="csrfmiddlewaretoken"]').value,
  followed: () => [...panes.values()].filter((pane) => pane.isLive).map((pane) => ({ session: pane.session, after: pane.timeline.last })),
});
transport.on("transport.changed", ({ isOnline }) => cameBack(isOnline));
transport.on("transport.closed", ({ code }) => { if (code === 4403 || code === 4404) location.reload(); });
transport.on("message.created", (frame) => withPane(frame, (pane) => received(pane, frame)));
transport.on("attachment.scanned", (frame) => withPane(frame, (pane) => pane.timeline.scanned(frame.attachment)));
transport.on("message.stored", (frame) => withPane(frame, (pane) => pane.composer && pane.composer.stored(frame)));
transport.on("marks.moved", (frame) => withPane(frame, (pane) => { if (frame.side === "customer") pane.timeline.moveMarks(frame); }));
transport.on("typing.changed", (frame) => withPane(frame, (pane) => showTyping(pane, frame.is_typing)));
transport.on("session.changed", (frame) => moved(frame));
transport.on("lists.changed", ({ digest }) => compareLists(digest));
transport.on("agenda.changed", () => refreshAgenda());
transport.on("offline-messages.changed", (frame) => { role("offline-count").textContent = frame.waiting; });
transport.on("error", (frame) => refused(frame));

async function start() {
  setColumns(store.get("fs.console.columns") || "1");
  listen();
  setInterval(tick, 1000);
  tick();
  await Promise.all(mine().map((button) => load(button.dataset.open)));
  for (const key of store.keys(`fs.unsent.${owner}`)) showUnsent(key);
  keepUnsent(takeOrphans(owner, [...panes.keys()]), "");
  for (const key of store.keys(noteKey(""))) if (!panes.has(Number(key.slice(noteKey("").length)))) store.remove(key);
  const [first] = mine();
  if (first && window.innerWidth >= NARROW) show(panes.get(Number(first.dataset.session)));
  transport.start();
}

function withPane(frame, act) {
  const pane = panes.get(frame.session);
  if (pane) act(pane);
}

// --- Lists ----------------------------------------------------------------------------------------------

function mine() { return [...role("lists").querySelectorAll("[data-mine]")]; }
function unseenEnds() { return [...role("lists").querySelectorAll("[data-ended]")]; }
function itemsOf(list) { return [...role("lists").querySelectorAll(`[data-list="${list}"]`)]; }
function idsOf(list) { return itemsOf(list).map((item) => Number(item.dataset.item)); }
function waitingIds() { return new Set(idsOf("queue")); }
function itemOf(session) { return role("lists").querySelector(`[data-item="${session}"]`); }

let refreshing = null;
let isRefreshDue = false;

// Many changes at once make one refresh, and one more after it.
async function refreshLists() {
  if (refreshing) { isRefreshDue = true; return refreshing; }
  refreshing = fetchLists();
  try { await refreshing; } finally { refreshing = null; }
  if (isRefreshDue) { isRefreshDue = false; refreshLists(); }
}

async function fetchLists() {
  listsReadAt = Date.now();
  movedMeanwhile.clear();
  const html = await text("/agente/lista/");
  if (html === null) return;
  const focused = role("lists").querySelector("button:focus");
  role("lists").replaceChildren(...parse(html).body.childNodes);
  if (focused) focusAgain(focused.dataset);
  readClock();
  listsChanged();
  for (const [session, folio] of movedMeanwhile) readItem(session, folio);
  for (const button of mine()) await attend(Number(button.dataset.session), button.dataset.open);
}

function listsChanged() {
  announceNew();
  countLists();
  markLists();
  tick();
}

function countLists() {
  role("queue-count").textContent = itemsOf("queue").length;
  const own = role("own-count");
  own.textContent = phrase("used_of", { used: mine().length, capacity: own.dataset.capacity });
}

const reading = new Map();
// How often an item moved.
let moves = 0;
// Chats that moved while the lists were on their way: these may be of before.
const movedMeanwhile = new Map();

// One chat moved: its item alone is read again, or goes when it stands in none of this agent's lists.
function listMoved(frame) {
  const isListed = frame.state === "waiting" || frame.agent === agent;
  if (!isListed && !itemOf(frame.session) && !reading.has(frame.session) && !refreshing) return;
  if (isListed && stands(frame)) return;
  if (isListed) { readItem(frame.session, frame.folio); return; }
  // What is on its way comes too late.
  reading.delete(frame.session);
  if (refreshing) movedMeanwhile.set(frame.session, frame.folio);
  placeItem(frame.session, null);
}

// A chat of this agent is told anew at each following, also when nothing moved.
function stands(frame) {
  const item = itemOf(frame.session);
  if (!item || reading.has(frame.session) || refreshing) return false;
  return frame.state === "active" && item.dataset.list === "own" && item.dataset.identified === (frame.is_identified ? "1" : "0");
}

function readItem(session, folio) {
  if (refreshing) movedMeanwhile.set(session, folio);
  const turn = fetchItem(session, folio, () => reading.get(session) === turn);
  reading.set(session, turn);
  return turn;
}

async function fetchItem(session, folio, isNewest) {
  const html = await text(`/agente/lista/${folio}/`);
  if (!isNewest()) return;
  reading.delete(session);
  if (html !== null) placeItem(session, parse(html).querySelector("[data-item]"));
  if (itemOf(session)?.dataset.list === "own") await attend(session, folio);
}

// The server says which list an item is of, and where it stands there.
function placeItem(session, item) {
  const before = itemOf(session);
  const isFocused = Boolean(before) && before.contains(document.activeElement);
  moves += 1;
  if (before) before.remove();
  if (item) {
    const list = role("lists").querySelector(`[data-items="${item.dataset.list}"]`);
    const next = itemsOf(item.dataset.list).find((other) => other.dataset.place > item.dataset.place);
    list.insertBefore(document.importNode(item, true), next || role("nobody", list));
    if (isFocused) itemOf(session).querySelector("button").focus();
  }
  listsChanged();
}

// What the lists should hold, as the server told it: lost news show in it, and what went wrong here.
async function compareLists(digest) {
  await listsAtRest();
  if (digest === ownDigest()) return;
  // The news may be right behind; whatever moves meanwhile is followed by another digest.
  const before = moves;
  await new Promise((resume) => setTimeout(resume, NEWS_MS));
  await listsAtRest();
  if (moves === before && digest !== ownDigest()) await refreshLists();
}

async function listsAtRest() {
  while (refreshing || reading.size) await Promise.all([refreshing, ...reading.values()]);
}

function ownDigest() { return digestOf(idsOf("queue"), idsOf("own")); }

function digestOf(waiting, own) {
  return [...waiting, 0, ...own.sort((one, other) => one - other)].reduce((digest, id) => (digest * DIGEST_FACTOR + id) % DIGEST_PRIME, 0);
}

async function refreshAgenda() {
  const html = await text("/agente/lista/citas/");
  if (html === null) return;
  role("agenda").replaceChildren(...parse(html).body.childNodes);
  tick();
}

function focusAgain({ accept, open }) {
  const again = role("lists").querySelector(`[data-accept="${accept}"], [data-open="${open}"]`);
  if (again) again.focus();
}

// The server's clock, as its newest fragment tells it. What was long on its way makes it look slow, so the fastest
// answer counts; unless one of the clocks was set anew.
function readClock() {
  const told = Date.parse(role("queue").dataset.now) - Date.now();
  offset = Math.abs(told - offset) > CLOCK_SET_MS ? told : Math.max(told, offset);
}

function announceNew() {
  const waiting = waitingIds();
  if ([...waiting].some((id) => !known.has(id))) attention.ring();
  known = waiting;
}

function markLists() {
  let unread = 0;
  for (const button of mine()) {
    const pane = panes.get(Number(button.dataset.session));
    const count = pane ? pane.unread : 0;
    unread += count;
    const mark = role("unread", button);
    mark.hidden = !count;
    mark.textContent = count;
    button.classList.toggle("item--open", Boolean(pane) && shown.includes(pane));
  }
  attention.count(unread + known.size + markEnds());
}

// Chats that ended unseen stay in sight until they were opened; the server may not know yet that they were.
function markEnds() {
  for (const button of unseenEnds()) {
    const pane = panes.get(Number(button.dataset.session));
    if (pane && pane.isRead) button.closest("li").remove();
    else button.classList.toggle("item--open", Boolean(pane) && shown.includes(pane));
  }
  role("ended").hidden = !unseenEnds().length;
  return unseenEnds().length;
}

function tick() {
  if (Date.now() - listsReadAt >= LISTS_AGAIN_MS) refreshLists();
  for (const item of document.querySelectorAll("[data-until]")) {
    // Rounded as on the customer's page: both sides read the same second.
    const left = Math.ceil((Date.parse(item.dataset.until) - Date.now() - offset) / 1000);
    // The next step of the same appointment has other words.
    if (left <= 0 && !item.dataset.isOver) { item.dataset.isOver = "1"; setTimeout(refreshAgenda, 1500); }
    item.textContent = minutes(left);
  }
  for (const item of document.querySelectorAll("[data-since]")) {
    item.textContent = minutes(Math.floor((Date.now() + offset - Date.parse(item.dataset.since)) / 1000));
  }
}

function minutes(seconds) {
  const left = Math.max(0, seconds);
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

// --- Panes ----------------------------------------------------------------------------------------------

const opening = new Map();

// Asked for twice at once, by a click and by the news of it, a chat is loaded once: a second pane would take
// the place of the one that the agent already writes in.
function load(folio) {
  if (!opening.has(folio)) opening.set(folio, loadPane(folio).finally(() => opening.delete(folio)));
  return opening.get(folio);
}

async function loadPane(folio) {
  const html = await text(`/agente/chat/${folio}/`);
  if (html === null) { toast(phrase("chat_closed_to_you")); return null; }
  const element = parse(html).querySelector('[data-role="pane"]');
  const pane = makePane(document.importNode(element, true));
  const before = panes.get(pane.session);
  if (before) before.element.replaceWith(pane.element);
  else { pane.element.hidden = true; role("panes").append(pane.element); }
  pane.element.hidden = before ? before.element.hidden : true;
  if (before) shown = shown.map((other) => (other === before ? pane : other));
  panes.set(pane.session, pane);
  pane.timeline.scrollToEnd();
  if (pane.isLive) transport.send({ type: "chat.follow", session: pane.session, after: pane.timeline.last });
  return pane;
}

function makePane(element) {
  const session = Number(element.dataset.session);
  const pane = { element, session, folio: element.dataset.folio };
  pane.delivered = Number(element.dataset.agentDelivered);
  pane.read = Number(element.dataset.agentRead);
  pane.isLive = element.dataset.canWrite === "1";
  pane.isOwn = element.dataset.isOwn === "1";
  pane.state = element.dataset.state;
  pane.timeline = new Timeline(element, { side: "agent", fileUrl: (id) => `/agente/archivo/${id}/` });
  pane.timeline.moveMarks({ delivered: Number(element.dataset.customerDelivered), read: Number(element.dataset.customerRead) });
  pane.unread = pane.isOwn ? pane.timeline.countUnread(pane.read, ["customer"]) : 0;
  if (pane.isLive) pane.composer = composerOf(pane);
  pane.timeline.scroller.addEventListener("scroll", () => seen(pane));
  return pane;
}

function composerOf(pane) {
  const form = role("composer", pane.element);
  const note = noteSwitch(form, pane.session);
  const composer = new Composer(form, {
    session: pane.session, timeline: pane.timeline, send: (frame) => transport.send(frame), authorName: root.dataset.agentName,
    onEnded: () => reload(pane), owner, isNote: () => note.checked,
    beNote: () => { note.checked = true; note.dispatchEvent(new Event("change")); },
    maxBytes: Number(form.dataset.maxBytes), maxChars: Number(form.dataset.maxChars), tooLarge: form.dataset.tooLarge,
  });
  note.addEventListener("change", () => composer.complain(""));
  return composer;
}

// It stays on after a note and comes back with the draft: a message kept from the customer can be said again,
// a note that the customer has read cannot be taken back.
function noteSwitch(form, session) {
  const note = role("note", form);
  const box = role("text-box", form);
  const placeholder = box.placeholder;
  const place = () => {
    form.classList.toggle("composer--note", note.checked);
    role("note-banner", form).hidden = !note.checked;
    box.placeholder = note.checked ? phrase("note_placeholder") : placeholder;
  };
  note.checked = store.get(noteKey(session)) === "1";
  note.addEventListener("change", () => {
    if (note.checked) store.set(noteKey(session), "1");
    else store.remove(noteKey(session));
    place();
  });
  place();
  return note;
}

// Beside each other: the newest chosen and, with two columns, the one before it.
function show(pane) {
  if (!pane) return;
  const most = mostShown();
  if (!shown.includes(pane)) shown = [...shown, pane].slice(-most);
  for (const other of panes.values()) other.element.hidden = !shown.includes(other);
  role("empty").hidden = shown.length > 0;
  pane.timeline.scrollToEnd();
  if (pane.composer && !window.matchMedia("(pointer: coarse)").matches) pane.composer.box.focus();
  seen(pane);
}

// A narrow window has room for one conversation, whatever was chosen.
function mostShown() {
  return window.innerWidth < 1000 ? 1 : Number(role("panes").dataset.columns);
}

function close(pane) {
  shown = shown.filter((other) => other !== pane);
  pane.element.hidden = true;
  if (!pane.isLive) { pane.element.remove(); panes.delete(pane.session); }
  role("empty").hidden = shown.length > 0;
  markLists();
}

function fitColumns() {
  shown = shown.slice(-mostShown());
  if (shown.length) show(shown[shown.length - 1]);
}

// The draft comes along by itself: the new composer finds it in the store.
async function reload(pane) {
  const fresh = await load(pane.folio);
  if (fresh && !fresh.composer) salvage(pane, fresh.timeline);
  if (fresh) seen(fresh);
  markLists();
  return fresh;
}

function salvage({ composer, folio, session }, timeline) {
  if (!composer) return;
  store.remove(noteKey(session));
  composer.forgetShown(timeline);
  keepUnsent(composer.takeUnsent(), folio);
}

// What could not be sent any more stays in sight until the agent puts it away.
function keepUnsent(words, folio) {
  if (!words) return;
  const key = `fs.unsent.${owner}${Date.now()}.${folio}`;
  store.set(key, words);
  showUnsent(key);
}

function showUnsent(key) {
  const folio = key.split(".").pop();
  const card = document.importNode(role("unsent-template").content, true).firstElementChild;
  const about = folio ? phrase("unsent_in", { chat: folio }) : phrase("unsent");
  role("unsent-about", card).textContent = about;
  Object.assign(role("unsent-text", card), { value: store.get(key), ariaLabel: about });
  role("unsent-remove", card).onclick = () => { store.remove(key); card.remove(); };
  role("unsent").append(card);
}

function setColumns(columns) {
  role("panes").dataset.columns = columns;
  role("columns").textContent = phrase(columns === "1" ? "two_columns" : "one_column");
  store.set("fs.console.columns", columns);
  fitColumns();
}

// --- News -----------------------------------------------------------------------------------------------

function received(pane, frame) {
  // The line itself is as good as its acknowledgement, which a broken connection may have taken with it.
  if (pane.composer) pane.composer.stored(frame);
  if (!pane.timeline.add(frame)) return;
  if (pane.timeline.misses(frame)) pane.timeline.readFilesAgain();
  if (frame.author === "customer") {
    showTyping(pane, false);
    if (!isSeen(pane)) { pane.unread += 1; attention.ring(); }
  }
  // Whatever was read before: this line was not.
  if (!isSeen(pane)) pane.isRead = false;
  seen(pane);
  markLists();
}

function isSeen(pane) {
  return !document.hidden && shown.includes(pane) && pane.timeline.isAtEnd();
}

// Also after the end: what the customer wrote last is unread until it was shown.
function seen(pane) {
  if (!pane.isOwn) return;
  const delivered = pane.timeline.lastShared();
  const read = isSeen(pane) ? delivered : pane.read;
  if (isSeen(pane) && (pane.unread || !pane.isRead)) { pane.unread = 0; pane.isRead = true; markLists(); }
  if (delivered === pane.delivered && read === pane.read) return;
  if (transport.send({ type: "marks.move", session: pane.session, delivered, read })) Object.assign(pane, { delivered, read });
}

function showTyping(pane, isTyping) {
  const typing = role("typing", pane.element);
  const wasAtEnd = pane.timeline.isAtEnd();
  typing.hidden = !isTyping;
  clearTimeout(pane.typingTimer);
  if (isTyping) pane.typingTimer = setTimeout(() => { typing.hidden = true; }, 6000);
  if (wasAtEnd) pane.timeline.scrollToEnd();
}

// A chat came, went, was identified or ended: what is shown of it is asked again.
async function moved(frame) {
  listMoved(frame);
  const pane = panes.get(frame.session);
  if (!pane) return;
  const key = JSON.stringify([frame.state, frame.agent, frame.is_identified, frame.offered_hours]);
  if (pane.key === key) return;
  const wasKnown = pane.key !== undefined || (frame.state === pane.state && frame.agent === agent);
  pane.key = key;
  if (frame.state === "active" && frame.agent === agent) { if (wasKnown) await refreshFacts(pane); }
  else if (frame.state === "ended") await reload(pane);
  else lose(pane);
}

// Several hear of one chat at once: its item, and the lists.
async function attend(session, folio) {
  if (!panes.has(session) && !opening.has(folio)) await given(folio);
}

// A chat that this agent did not ask for came by automatic assignment: it calls like one in the queue.
async function given(folio) {
  const wasAsked = accepting.has(folio);
  const pane = await load(folio);
  if (!pane) return;
  if (!shown.length && window.innerWidth >= NARROW) show(pane);
  if (wasAsked) return;
  attention.ring();
  if (!isSeen(pane)) pane.unread = Math.max(1, pane.unread);
  markLists();
}

function lose(pane) {
  salvage(pane, pane.timeline);
  close(pane);
  panes.delete(pane.session);
  pane.element.remove();
  toast(phrase("chat_gone"));
}

async function refreshFacts(pane) {
  const html = await text(`/agente/chat/${pane.folio}/`);
  if (html === null) return;
  const fresh = parse(html);
  for (const part of pane.element.querySelectorAll("[data-part]")) {
    if (part.contains(document.activeElement) || isTyped(part)) continue;
    const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    part.hidden = other.hidden;
    part.replaceChildren(...other.childNodes);
  }
}

function isTyped(part) {
  return [...part.querySelectorAll("input")].some((input) => input.value !== input.defaultValue);
}

function refused(frame) {
  for (const pane of panes.values()) if (pane.composer) pane.composer.refused(frame);
  if (!frame.client_id) toast(frame.text);
}

async function cameBack(isOnline) {
  const light = role("light");
  light.className = `light ${isOnline ? "light--on" : "light--off"}`;
  role("light-text").textContent = phrase(isOnline ? "online" : "reconnecting");
  if (!isOnline) return;
  await refreshLists();
  const here = new Set(mine().map((button) => Number(button.dataset.session)));
  for (const pane of [...panes.values()]) {
    if (pane.isLive && !here.has(pane.session)) { if (!await reload(pane)) lose(pane); }
    else if (pane.composer) pane.composer.flush();
  }
  // What the server rendered, or what was read without a connection, is told now.
  for (const pane of panes.values()) seen(pane);
  markLists();
}

// --- What the agent does --------------------------------------------------------------------------------

function listen() {
  root.addEventListener("click", onClick);
  root.addEventListener("submit", onSubmit);
  document.addEventListener("visibilitychange", () => shown.forEach(seen));
  window.addEventListener("focus", () => shown.forEach(seen));
  window.addEventListener("resize", fitColumns);
  role("columns").addEventListener("click", () => setColumns(role("panes").dataset.columns === "1" ? "2" : "1"));
}

async function onClick(event) {
  const button = event.target.closest("button");
  for (const menu of document.querySelectorAll('[data-role="menu"][open]')) if (!menu.contains(event.target) || button) menu.open = false;
  if (!button) return;
  const element = button.closest('[data-role="pane"]');
  const pane = element && panes.get(Number(element.dataset.session));
  if (button.dataset.accept) await accept(button);
  else if (button.dataset.open) { show(panes.get(Number(button.dataset.session)) || await load(button.dataset.open)); markLists(); }
  else if (pane && button.dataset.role === "close") close(pane);
  else if (pane && button.dataset.role === "end") await end(pane, button);
  else if (pane && button.dataset.role === "offer-hours") await offerHours(pane, button);
  else if (pane && button.dataset.role === "facts-toggle") button.setAttribute("aria-expanded", element.classList.toggle("pane--facts"));
}

async function accept(button) {
  const folio = button.dataset.accept;
  button.disabled = true;
  accepting.add(folio);
  const answer = await post(`/agente/chat/${folio}/atender/`);
  if (answer.folio && !panes.has(answer.session)) await load(answer.folio);
  accepting.delete(folio);
  if (answer.folio && itemOf(answer.session)?.dataset.list !== "own") await (reading.get(answer.session) || readItem(answer.session, folio));
  if (answer.folio) { show(panes.get(answer.session)); markLists(); }
  else { toast(answer.text); button.disabled = false; await refreshLists(); }
}

// The line that tells of it, or what the customer does with it, comes as news.
async function offerHours(pane, button) {
  button.disabled = true;
  const answer = await post(`/agente/chat/${pane.folio}/ofrecer-cita/`);
  button.disabled = false;
  if (answer.text) toast(answer.text);
}

// Asks once, on the button itself.
async function end(pane, button) {
  if (!button.dataset.asked) {
    button.dataset.asked = "1";
    button.textContent = phrase("end_sure");
    button.classList.replace("button--quiet", "button--danger");
    setTimeout(() => { delete button.dataset.asked; button.textContent = phrase("end"); button.classList.replace("button--danger", "button--quiet"); }, 5000);
    return;
  }
  const answer = await post(`/agente/chat/${pane.folio}/finalizar/`);
  if (answer.text) toast(answer.text);
}

async function onSubmit(event) {
  const form = event.target;
  if (form.dataset.role !== "identify") return;
  event.preventDefault();
  const pane = panes.get(Number(form.closest('[data-role="pane"]').dataset.session));
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
    const html = await response.text();
    if (response.status === 409) { toast(JSON.parse(html).text); return; }
    role("facts", pane.element).replaceChildren(...role("facts", parse(html)).childNodes);
  } catch {
    // No network, or the chat was taken away: what was typed stays in the form.
    toast(phrase("form_failed"));
  }
}

// --- Small things ---------------------------------------------------------------------------------------

async function text(url) {
  try {
    const response = await fetch(url);
    if (response.redirected) { location.reload(); return null; }
    return response.ok ? await response.text() : null;
  } catch { return null; }
}

async function post(url) {
  const body = new FormData();
  body.append("csrfmiddlewaretoken", document.querySelector('input[name="csrfmiddlewaretoken"]').value);
  try { return await (await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } })).json(); }
  catch { return { text: phrase("no_server") }; }
}

function parse(html) { return new DOMParser().parseFromString(html, "text/html"); }

let toastTimer = null;
function toast(words) {
  const box = role("toast");
  box.textContent = words;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 6000);
}

start();
