// Places the lines of one chat in order, with days, marks and what is new. Text goes in as text.

const ZONE = "America/Mexico_City";
const LANGUAGE = document.documentElement.lang;
const PHRASES = JSON.parse(document.getElementById("texts").textContent);
const timeOf = new Intl.DateTimeFormat(LANGUAGE, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: ZONE });
const dayKey = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: ZONE });
const dayWords = new Intl.DateTimeFormat(LANGUAGE, { weekday: "long", day: "numeric", month: "long", timeZone: ZONE });
// The same rule as the template filter safe_links.
const LINK = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}])/;
// Longer than a screen reader takes to look at what changed.
const QUIET_MS = 500;
const MARKS = ["pending", "stored", "delivered", "read"].map((key) => phrase(key));

// The server's words (chat/texts.py) in the language of the page, with {place} and the like filled in.
export function phrase(key, values = {}) {
  return PHRASES[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export class Timeline {
  // `side` is whose own lines get marks; `fileUrl` turns an attachment's id into its address.
  constructor(root, { side, fileUrl, templates = document }) {
    this.root = root;
    this.side = side;
    this.fileUrl = fileUrl;
    this.list = root.querySelector('[data-role="timeline"]');
    this.scroller = root.querySelector('[data-role="scroller"]');
    this.newLines = root.querySelector('[data-role="new-lines"]');
    this.templates = templates;
    this.marks = { delivered: 0, read: 0 };
    this.key = side === "agent" ? "staffNumber" : "number";
    this.last = this.lines().reduce((most, line) => Math.max(most, Number(line.dataset[this.key] || 0)), 0);
    this.isFollowing = true;
    this.older = null;
    this.placeOlder(this.scroller.querySelector('[data-role="older"]'));
    this.scroller.addEventListener("scroll", () => this.scrolled());
    // Shown again, a keyboard opened, a form came or went: whoever read the end still reads the end.
    if (window.ResizeObserver) new ResizeObserver(() => this.keepFollowing()).observe(this.scroller);
    if (this.newLines) this.newLines.addEventListener("click", () => this.scrollToEnd());
    this.scrollToEnd();
  }

  lines() {
    return [...this.list.querySelectorAll('[data-role="line"]')];
  }

  // Whether a line is stored, as far as this page knows.
  has(clientId) {
    const line = this.find(clientId);
    return Boolean(line && line.dataset[this.key]);
  }

  // The newest number that both sides can see: what marks speak of.
  lastShared() {
    // The newest lines may all be notes: then only the server can tell.
    const told = Number(this.scroller.dataset.lastNumber || 0);
    return this.lines().reduce((most, line) => Math.max(most, Number(line.dataset.number || 0)), told);
  }

  // How many lines of these authors lie beyond the number up to which their reader has read. The server counts them
  // when they began before the lines of the page.
  countUnread(read, authors) {
    if (this.scroller.dataset.unread) return Number(this.scroller.dataset.unread);
    return this.lines().filter((line) => authors.includes(line.dataset.author) && Number(line.dataset.number) > read).length;
  }

  // True when the line is new to this page.
  add(frame) {
    const number = this.side === "agent" ? frame.staff_number : frame.number;
    const pending = this.find(frame.client_id);
    if (number <= this.last) {
      if (pending && !pending.dataset[this.key]) pending.remove();
      return false;
    }
    if (pending) pending.remove();
    const line = this.build(frame);
    this.place(line, frame.created_at);
    this.last = number;
    this.showMark(line);
    const isOwn = frame.author === this.side;
    if (this.isFollowing || isOwn) this.scrollToEnd();
    else this.showNewLines();
    return true;
  }

  // A line that has not been stored yet.
  addPending({ client_id, text, type }, authorName) {
    if (this.find(client_id)) return;
    const number = type === "note.send" ? null : undefined;
    const frame = { client_id, text, number, author: this.side, author_name: authorName, created_at: new Date().toISOString(), attachment: null };
    const line = this.build(frame);
    line.classList.add("line--pending");
    line.querySelector('[data-role="mark"]').textContent = MARKS[0];
    this.list.append(line);
    this.scrollToEnd();
  }

  // Says under a line that is not stored yet how it stands.
  tell(clientId, text) {
    const line = this.find(clientId);
    if (line) line.querySelector('[data-role="mark"]').textContent = text;
    return line;
  }

  fail(clientId, text, retry) {
    const line = this.tell(clientId, text);
    if (!line) return;
    line.classList.add("line--failed");
    const button = line.querySelector('[data-role="retry"]');
    button.hidden = !retry;
    if (retry) button.onclick = () => { button.hidden = true; line.classList.remove("line--failed"); retry(); };
  }

  remove(clientId) {
    const line = this.find(clientId);
    if (line && !line.dataset[this.key]) line.remove();
  }

  moveMarks({ delivered, read }) {
    this.marks.delivered = Math.max(this.marks.delivered, delivered, read);
    this.marks.read = Math.max(this.marks.read, read);
    this.lines().filter((line) => line.dataset.author === this.side).forEach((line) => this.showMark(line));
  }

  showMark(line) {
    const number = Number(line.dataset.number);
    if (!number || line.dataset.author !== this.side) return;
    const step = number <= this.marks.read ? 3 : number <= this.marks.delivered ? 2 : 1;
    const mark = line.querySelector('[data-role="mark"]');
    if (step > MARKS.indexOf(mark.textContent)) mark.textContent = MARKS[step];
  }

  // --- Older lines

  // The link of pages without scripts becomes a button that brings the lines here.
  placeOlder(place) {
    const link = place && place.querySelector("a");
    if (!link) { this.older = null; return; }
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: link.className, textContent: link.textContent });
    button.addEventListener("click", () => this.readOlder());
    link.replaceWith(button);
    this.older = { place, button };
  }

  async readOlder() {
    const { older } = this;
    if (!older || older.isBusy) return;
    older.isBusy = true;
    older.button.setAttribute("aria-busy", "true");
    const page = await this.fetchBefore(this.firstNumber());
    older.isBusy = false;
    older.button.removeAttribute("aria-busy");
    if (page) this.putOlder(page);
    else this.tellOlderFailed(older.place);
  }

  firstNumber() {
    const first = this.lines().find((line) => line.dataset[this.key]);
    return first ? Number(first.dataset[this.key]) : 0;
  }

  // So many lines before a number, as a page; null when there is no getting them.
  async fetchBefore(number) {
    try {
      const response = await fetch(`${this.scroller.dataset.lines}?antes=${number}`);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      return response.ok && page.querySelector('[data-role="timeline"]') ? page : null;
    } catch { return null; }
  }

  tellOlderFailed(place) {
    const words = place.querySelector('[role="alert"]') || document.createElement("span");
    words.className = "error";
    words.setAttribute("role", "alert");
    words.textContent = phrase("older_failed");
    place.append(words);
  }

  // Above what is read, which stays where it is and gets the focus that the button had. Nobody has a page of old
  // lines read out as if it were news.
  putOlder(page) {
    const { place } = this.older;
    const hadFocus = place.contains(document.activeElement);
    const reading = this.lines()[0];
    const fresh = [...page.querySelector('[data-role="timeline"]').children].map((part) => document.importNode(part, true));
    const older = page.querySelector('[data-role="older"]');
    this.quietly(() => this.keepingInPlace(reading, () => {
      this.joinDays(fresh);
      this.list.prepend(...fresh);
      this.lines().forEach((line) => this.showMark(line));
      if (older) place.replaceWith(document.importNode(older, true));
      else place.remove();
    }));
    this.placeOlder(this.scroller.querySelector('[data-role="older"]'));
    if (!hadFocus) return;
    reading.tabIndex = -1;
    reading.focus({ preventScroll: true });
  }

  // The day of the first line is named above the older lines of that same day.
  joinDays(fresh) {
    const days = fresh.filter((part) => part.matches(".day"));
    const first = this.list.querySelector(".day");
    if (days.length && first && first.dataset.day === days[days.length - 1].dataset.day) first.remove();
  }

  keepingInPlace(line, act) {
    const before = line.getBoundingClientRect().top;
    // The browser's own way of keeping it is not all browsers', and would come on top.
    this.scroller.style.overflowAnchor = "none";
    this.isFollowing = false;
    act();
    this.scroller.scrollTop += line.getBoundingClientRect().top - before;
    this.scrolledTo = this.scroller.scrollTop;
    requestAnimationFrame(() => { this.scroller.style.overflowAnchor = ""; });
  }

  quietly(act) {
    this.list.setAttribute("aria-live", "off");
    act();
    clearTimeout(this.quietTimer);
    this.quietTimer = setTimeout(() => this.list.setAttribute("aria-live", "polite"), QUIET_MS);
  }

  build(frame) {
    const line = this.clone("line-template");
    line.classList.add(`line--${frame.author}`);
    if (frame.number === null) line.classList.add("line--note");
    Object.assign(line.dataset, { author: frame.author, clientId: frame.client_id, createdAt: frame.created_at });
    if (frame.number) line.dataset.number = frame.number;
    if (frame.staff_number) line.dataset.staffNumber = frame.staff_number;
    line.querySelector(".line__who").textContent = (frame.number === null ? `${phrase("note")} · ` : "") + frame.author_name;
    const text = line.querySelector('[data-role="text"]');
    if (frame.attachment) text.replaceWith(this.file(frame.attachment));
    else text.append(...linked(frame.text));
    const time = line.querySelector("time");
    time.dateTime = frame.created_at;
    time.textContent = timeOf.format(new Date(frame.created_at));
    return line;
  }

  file(attachment) {
    const link = this.clone("file-template");
    link.href = this.fileUrl(attachment.id);
    link.dataset.scan = attachment.scan;
    const isReleased = ["off", "clean"].includes(attachment.scan);
    // What the virus scanner holds is no picture yet: its link says why.
    if (attachment.content_type.startsWith("image/") && isReleased) {
      link.prepend(Object.assign(document.createElement("img"), { className: "file__image", src: link.href, alt: "", loading: "lazy" }));
    }
    link.querySelector(".file__name").textContent = attachment.name;
    link.querySelector(".file__size").textContent = shortSize(attachment.size);
    const held = link.querySelector(".file__held");
    if (isReleased) held.remove();
    else held.textContent = attachment.scan === "waiting" ? phrase("waiting") : phrase("infected");
    return link;
  }

  // The virus scanner's verdict on a file that is shown already.
  scanned(attachment) {
    this.replaceFile(this.fileUrl(attachment.id), this.file(attachment));
  }

  // Whether the line of a verdict comes to a page that has not been told which file it is about.
  misses({ rule }) {
    return ["file.clean", "file.infected"].includes(rule) && Boolean(this.waiting().length);
  }

  // Verdicts that were missed, asked for with the lines of the files that wait.
  async readFilesAgain() {
    for (const file of this.waiting()) {
      // It came with the lines of another.
      if (!file.isConnected) continue;
      const page = await this.fetchBefore(Number(file.closest('[data-role="line"]').dataset[this.key]) + 1);
      // What is shown leads to what the server says of the file.
      if (page) this.takeFiles(page);
    }
  }

  // The files that wait here, as another copy of the page has them.
  takeFiles(page) {
    for (const file of this.waiting()) {
      const address = file.getAttribute("href");
      const fresh = page.querySelector(`[data-role="file"][href="${address}"]`);
      if (fresh) this.replaceFile(address, document.importNode(fresh, true));
    }
  }

  waiting() {
    return [...this.list.querySelectorAll('[data-role="file"][data-scan="waiting"]')];
  }

  replaceFile(address, fresh) {
    const file = this.list.querySelector(`[data-role="file"][href="${address}"]`);
    if (!file) return;
    const hadFocus = file === document.activeElement;
    file.replaceWith(fresh);
    if (hadFocus) fresh.focus();
    this.keepFollowing();
  }

  clone(role) {
    return makeButtons(this.templates.querySelector(`[data-role="${role}"]`).content.firstElementChild.cloneNode(true));
  }

  // After the last stored line, and before those that still wait to be stored.
  place(line, createdAt) {
    const stored = this.lines().filter((other) => other.dataset[this.key]);
    const after = stored[stored.length - 1];
    const parts = this.isNewDay(after, createdAt) ? [this.day(createdAt), line] : [line];
    if (after) after.after(...parts);
    else this.list.prepend(...parts);
  }

  isNewDay(previous, createdAt) {
    return !previous || dayKey.format(new Date(previous.dataset.createdAt)) !== dayKey.format(new Date(createdAt));
  }

  day(createdAt) {
    const day = this.clone("day-template");
    const moment = new Date(createdAt);
    day.dataset.day = dayKey.format(moment);
    const isToday = dayKey.format(moment) === dayKey.format(new Date());
    day.querySelector("span").textContent = isToday ? phrase("today") : dayWords.format(moment).replace(/, (?=\d)/, " ");
    return day;
  }

  find(clientId) {
    return this.lines().find((line) => line.dataset.clientId === clientId);
  }

  // A hidden frame has no size, and its scroll position says nothing about its reader.
  scrolled() {
    if (!this.scroller.clientHeight) return;
    const { scrollTop } = this.scroller;
    // Only a way up is the reader's: the end also moves away when the window becomes smaller.
    if (this.isAtEnd()) this.isFollowing = true;
    else if (scrollTop < this.scrolledTo) this.isFollowing = false;
    this.scrolledTo = scrollTop;
    if (this.isFollowing) this.hideNewLines();
  }

  // Firefox forgets the position in a hidden frame, and sees no change of size when it is shown again.
  keepFollowing() {
    if (this.isFollowing) this.scrollToEnd();
  }

  isAtEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < 48;
  }

  scrollToEnd() {
    this.isFollowing = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.scrolledTo = this.scroller.scrollTop;
    this.hideNewLines();
  }

  showNewLines() { if (this.newLines) this.newLines.hidden = false; }
  hideNewLines() { if (this.newLines) this.newLines.hidden = true; }
}

// Turns what stands for a button that only scripts can use into one; `data-button` holds its words.
export function makeButtons(part) {
  for (const place of part.querySelectorAll("[data-button]")) {
    const button = document.createElement("button");
    for (const { name, value } of place.attributes) button.setAttribute(name, value);
    button.removeAttribute("data-button");
    Object.assign(button, { type: "button", textContent: place.dataset.button });
    place.replaceWith(button);
  }
  return part;
}

function linked(text) {
  return text.split(LINK).map((part, index) => {
    if (index % 2 === 0) return document.createTextNode(part);
    const link = document.createElement("a");
    Object.assign(link, { href: part, target: "_blank", rel: "noopener noreferrer nofollow", textContent: part });
    return link;
  });
}

export function shortSize(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
