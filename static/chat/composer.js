// What is being written: drafts and unsent lines that survive a reload, files, and who is typing.

import { phrase, shortSize } from "./timeline.js";

const TYPING_PAUSE_MS = 3000;
const TYPING_AGAIN_MS = 4000;
const RETRY_LIMIT_MS = 10000;
// Many kept lines at once stay below the server's limit of frames a second.
const NEXT_LINE_MS = 50;
const memory = new Map();

// Browsers may forbid storage inside a frame; then things are kept for as long as the page lives.
const store = {
  get(key) { try { return localStorage.getItem(key); } catch { return memory.get(key) ?? null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { memory.set(key, value); } },
  remove(key) { try { localStorage.removeItem(key); } catch { memory.delete(key); } },
  keys(prefix) {
    try { return Object.keys(localStorage).filter((key) => key.startsWith(prefix)); }
    catch { return [...memory.keys()].filter((key) => key.startsWith(prefix)); }
  },
};
export { store };

export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

// `owner` keeps apart what agents leave on one shared computer.
const draftPrefix = (owner) => `fs.draft.${owner}`;
const draftKey = (owner, session) => `${draftPrefix(owner)}${session}`;
const outPrefix = (owner, session) => `fs.out.${owner}${session}.`;
const joined = (texts) => texts.filter(Boolean).join("\n");
// Copied out of what was not sent, a note still says that it is none of the customer's.
const wordsOf = ({ text, type }) => (type === "note.send" ? `${phrase("note")}: ${text}` : text);

// Unsent lines with their keys, the oldest first.
function keptLines(prefix) {
  return store.keys(prefix).map((key) => [key, JSON.parse(store.get(key))]).sort(([, a], [, b]) => a.at - b.at);
}

// What an owner left unsent in all but these chats; it is taken out of the store.
export function takeOrphans(owner, sessions) {
  const isOrphan = (prefix) => (key) => {
    const session = key.slice(prefix.length).split(".")[0];
    return /^\d+$/.test(session) && !sessions.includes(Number(session));
  };
  const outAll = outPrefix(owner, "").slice(0, -1);
  const lines = keptLines(outAll).filter(([key]) => isOrphan(outAll)(key));
  const drafts = store.keys(draftPrefix(owner)).filter(isOrphan(draftPrefix(owner)));
  const texts = [...lines.map(([, line]) => wordsOf(line)), ...drafts.map((key) => store.get(key))];
  for (const key of [...lines.map(([key]) => key), ...drafts]) store.remove(key);
  return joined(texts);
}

export class Composer {
  constructor(form, { session, timeline, send, authorName, onEnded, owner = "", isNote = () => false, beNote = () => {}, maxBytes, maxChars, tooLarge }) {
    Object.assign(this, { form, session, timeline, sendFrame: send, authorName, onEnded, isNote, beNote, maxBytes, maxChars, tooLarge });
    this.box = form.querySelector('[data-role="text-box"]');
    this.fileInput = form.querySelector('[data-role="file-input"]');
    this.uploads = form.querySelector('[data-role="uploads"]');
    this.draftKey = draftKey(owner, session);
    this.outPrefix = outPrefix(owner, session);
    this.outbox = this.kept();
    this.isHeld = false;
    // A form without scripts sends one.
    this.fileInput.multiple = true;
    this.restoreDraft();
    this.listen();
    for (const line of this.outbox) timeline.addPending(line, authorName);
  }

  kept() {
    return keptLines(this.outPrefix).map(([, line]) => line);
  }

  restoreDraft() {
    if (!this.box.value) this.box.value = store.get(this.draftKey) || "";
    this.grow();
  }

  listen() {
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.box.addEventListener("keydown", (event) => this.onKey(event));
    this.box.addEventListener("input", () => this.onInput());
    this.box.addEventListener("paste", (event) => this.takeFiles(event.clipboardData, event));
    this.fileInput.addEventListener("change", () => { this.sendFiles(this.fileInput.files); this.fileInput.value = ""; });
    const target = this.form.closest('[data-role="drop"]') || document.body;
    target.addEventListener("dragover", (event) => { if (hasFiles(event.dataTransfer)) { event.preventDefault(); target.classList.add("is-dropping"); } });
    target.addEventListener("dragleave", (event) => { if (!target.contains(event.relatedTarget)) target.classList.remove("is-dropping"); });
    target.addEventListener("drop", (event) => { target.classList.remove("is-dropping"); this.takeFiles(event.dataTransfer, event); });
  }

  // Enter sends and Shift+Enter breaks; on phones Enter breaks and the button sends.
  onKey(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (window.matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    this.submit();
  }

  onInput() {
    store.set(this.draftKey, this.box.value);
    if (this.complaint) this.complain("");
    this.grow();
    this.showTyping(this.box.value !== "");
  }

  grow() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(160, this.box.scrollHeight + 2)}px`;
  }

  showTyping(isTyping) {
    clearTimeout(this.typingTimer);
    if (isTyping) this.typingTimer = setTimeout(() => this.showTyping(false), TYPING_PAUSE_MS);
    // The other side forgets it after a while: said again while it goes on.
    if (this.isTyping === isTyping && (!isTyping || Date.now() - this.typingToldAt < TYPING_AGAIN_MS)) return;
    this.isTyping = isTyping;
    this.typingToldAt = Date.now();
    if (!this.isNote()) this.sendFrame({ type: "typing.set", session: this.session, is_typing: isTyping });
  }

  submit() {
    const text = this.box.value.trim();
    if (!text) { this.box.focus(); return; }
    this.complain([...text].length > this.maxChars ? phrase("too_long", { most: this.maxChars, length: [...text].length }) : "");
    if (this.complaint) return;
    const line = { type: this.isNote() ? "note.send" : "message.send", client_id: newId(), text, at: Date.now() };
    store.set(this.outPrefix + line.client_id, JSON.stringify(line));
    this.outbox.push(line);
    this.timeline.addPending(line, this.authorName);
    this.clear();
    this.tellHeld();
    this.flush();
  }

  // What is wrong with the text in the box, said beside it.
  complain(words) {
    this.complaint = words;
    const box = this.form.querySelector('[data-role="complaint"]');
    box.textContent = words;
    box.hidden = !words;
  }

  clear() {
    this.box.value = "";
    store.remove(this.draftKey);
    this.grow();
    this.showTyping(false);
    this.box.focus();
  }

  put(text) {
    this.box.value = joined([this.box.value, text]);
    this.onInput();
  }

  // What was a note is written on as one.
  takeBack(line) {
    if (line.type === "note.send") this.beNote();
    this.put(line.text);
  }

  // One line at a time keeps their order; the same id again is harmless.
  flush() {
    const [head] = this.outbox;
    if (!head || this.isHeld) return;
    this.sendFrame({ type: head.type, session: this.session, client_id: head.client_id, text: head.text });
  }

  // Lines written before the identification wait for it.
  hold(isHeld) {
    this.isHeld = isHeld;
    this.tellHeld();
    this.flush();
  }

  tellHeld() {
    for (const line of this.outbox) this.timeline.tell(line.client_id, phrase(this.isHeld ? "held" : "pending"));
  }

  stored(frame) {
    if (!this.forget(frame.client_id)) return;
    this.timeline.tell(frame.client_id, phrase("stored"));
    setTimeout(() => this.flush(), NEXT_LINE_MS);
  }

  forget(clientId) {
    const before = this.outbox.length;
    this.outbox = this.outbox.filter((line) => line.client_id !== clientId);
    store.remove(this.outPrefix + clientId);
    return this.outbox.length < before;
  }

  // Lines whose acknowledgement was lost, but which the conversation shows, were sent.
  forgetShown(timeline) {
    for (const { client_id } of [...this.outbox]) if (timeline.has(client_id)) this.forget(client_id);
  }

  // The server said no to a line: it stays on the page, with what to do.
  refused(frame) {
    // A frame that could not even be read has no id; the head is the one that is on its way.
    const line = frame.client_id === null && frame.code === "frame.malformed"
      ? this.outbox[0] : this.outbox.find((other) => other.client_id === frame.client_id);
    if (!line) return;
    if (frame.code === "chat.identification-pending") { this.hold(true); return; }
    if (frame.code === "chat.ended") { this.onEnded(); return; }
    if (frame.code === "limit.exceeded") { this.timeline.fail(line.client_id, frame.text); setTimeout(() => this.flush(), RETRY_LIMIT_MS); return; }
    this.forget(line.client_id);
    this.timeline.fail(line.client_id, frame.text, () => { this.timeline.remove(line.client_id); this.takeBack(line); });
    this.flush();
  }

  // What was not sent when the chat ended, or went to somebody else, is taken to where it can be used again.
  takeUnsent() {
    const draft = this.box.value && wordsOf({ text: this.box.value, type: this.isNote() ? "note.send" : "message.send" });
    const unsent = joined([...this.outbox.map(wordsOf), draft]);
    for (const line of [...this.outbox]) { this.forget(line.client_id); this.timeline.remove(line.client_id); }
    this.box.value = "";
    store.remove(this.draftKey);
    return unsent;
  }

  takeFiles(data, event) {
    if (!hasFiles(data)) return;
    event.preventDefault();
    this.sendFiles(data.files);
  }

  sendFiles(files) {
    // Files have no notes: this one would reach the customer, whom the agent believes shut out.
    if (this.isNote()) { this.complain(phrase("no_files_in_notes")); return; }
    // What was refused for good has been read when the next file comes.
    for (const row of this.uploads.querySelectorAll('[data-is-final="true"]')) row.remove();
    for (const file of files) new Upload(this, file).start();
  }
}

function hasFiles(data) {
  return Boolean(data) && [...data.types].includes("Files");
}

const PEM_KEY = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/;
const PEM_LOOK_BYTES = 65536;
const KEY_NAME = /\.(key|pfx|p12|pem|jks|ppk)$/i;

class Upload {
  constructor(composer, file) {
    this.composer = composer;
    this.file = file;
    this.clientId = newId();
    this.row = document.createElement("li");
    this.row.className = "upload";
    composer.uploads.hidden = false;
    composer.uploads.append(this.row);
  }

  async start() {
    if (KEY_NAME.test(this.file.name) || await this.isPemKey()) { this.fail(phrase("private_key"), false); return; }
    if (this.file.size > this.composer.maxBytes) { this.fail(this.composer.tooLarge, false); return; }
    this.request = new XMLHttpRequest();
    this.showProgress();
    this.request.open("POST", this.composer.form.action);
    this.request.setRequestHeader("Accept", "application/json");
    this.request.onload = () => this.finished();
    this.request.onerror = () => this.fail(phrase("upload_cut"), true);
    this.request.onabort = () => this.close();
    this.request.send(this.body());
  }

  // Whatever its name; the server looks at the whole.
  async isPemKey() {
    try { return PEM_KEY.test(await this.file.slice(0, PEM_LOOK_BYTES).text()); }
    catch { return false; }
  }

  body() {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", this.composer.form.elements.csrfmiddlewaretoken.value);
    body.append("client_id", this.clientId);
    body.append("file_client_id", this.clientId);
    body.append("file", this.file, this.file.name || phrase("pasted_image"));
    return body;
  }

  showProgress() {
    const bar = document.createElement("progress");
    bar.max = 1;
    this.request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; };
    this.fill(`${this.file.name || phrase("pasted_image")} (${shortSize(this.file.size)})`, bar, this.button(phrase("cancel"), () => this.request.abort()));
  }

  finished() {
    let answer = {};
    try { answer = JSON.parse(this.request.responseText); } catch { /* a proxy's page instead of ours */ }
    if (answer.type === "message.stored") this.close();
    else this.fail(answer.text || phrase("upload_failed"), !answer.text);
  }

  fail(text, mayRetry) {
    this.row.classList.add("upload--failed");
    this.row.dataset.isFinal = !mayRetry;
    const buttons = [this.button(phrase("remove"), () => this.close())];
    if (mayRetry) buttons.unshift(this.button(phrase("retry"), () => { this.row.classList.remove("upload--failed"); this.start(); }));
    this.fill(`${this.file.name}: ${text}`, ...buttons);
    this.row.setAttribute("role", "alert");
  }

  fill(text, ...controls) {
    const name = document.createElement("span");
    name.className = "upload__name";
    name.textContent = text;
    this.row.replaceChildren(name, ...controls);
  }

  button(text, onclick) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: text, onclick });
    return button;
  }

  close() {
    this.row.remove();
    this.composer.uploads.hidden = !this.composer.uploads.children.length;
  }
}
