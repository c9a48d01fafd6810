// The one module that knows how frames travel: a WebSocket, or plain HTTP where sockets are cut.
// Pages subscribe by event type; `followed()` says which chats are read and up to which number.

const RETRY_FIRST_MS = 500;
// Whoever was away for long is served again within ten seconds of the server being back.
const RETRY_MOST_MS = 8000;
const SILENCE_MS = 65000;
const POLL_MS = 3000;
const OPENING_MS = 10000;
const SOCKET_TRIES = 2;
const SOCKET_AGAIN_MS = 60000;

export class Transport extends EventTarget {
  // `loginUrl` is where the server leads whoever may no longer ask.
  constructor({ socketPath, pollUrl, commandUrl, loginUrl, csrfToken, followed }) {
    super();
    Object.assign(this, { socketPath, pollUrl, commandUrl, loginUrl, csrfToken, followed });
    this.received = 0;
    // Sockets and polls in a row that brought no frame.
    this.failures = 0;
    this.socketDueAt = 0;
    this.isOnline = false;
    this.isPolling = false;
    this.isStopped = false;
  }

  start() {
    window.addEventListener("online", () => this.reconnect());
    document.addEventListener("visibilitychange", () => { if (!document.hidden && !this.isOnline) this.reconnect(); });
    setInterval(() => this.checkSilence(), 5000);
    this.connect();
  }

  stop() {
    this.isStopped = true;
    clearTimeout(this.timer);
    if (this.socket) this.socket.close();
  }

  on(type, handler) {
    this.addEventListener(type, (event) => handler(event.detail));
  }

  // True when the frame left by a way that is open; an answer comes as a frame.
  send(frame) {
    if (this.isPolling) {
      // Each poll says by itself what is followed.
      if (frame.type !== "chat.follow") this.post(frame);
      return true;
    }
    if (this.socket && this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify(frame));
      return true;
    }
    return false;
  }

  // While HTTP has taken over, polling goes on beside each new try of a socket.
  connect() {
    clearTimeout(this.timer);
    if (this.isStopped) return;
    if (this.usesHttp() || (this.isPolling && this.isTrying())) { this.isPolling = true; this.poll(); return; }
    this.openSocket();
    if (this.isPolling) this.timer = setTimeout(() => this.connect(), POLL_MS);
  }

  openSocket() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.socketPath}`);
    this.socket = socket;
    this.received = 0;
    this.heardAt = Date.now();
    socket.onopen = () => this.opened();
    socket.onmessage = (message) => this.heard(JSON.parse(message.data));
    socket.onclose = (event) => { if (socket === this.socket) this.closed(event); };
  }

  // Some proxies refuse sockets, others open them and carry nothing: only a frame shows that one works.
  usesHttp() {
    if (!this.pollUrl) return false;
    if (!("WebSocket" in window)) return true;
    return this.failures >= SOCKET_TRIES && Date.now() < this.socketDueAt;
  }

  isTrying() {
    return Boolean(this.socket) && this.socket.readyState <= WebSocket.OPEN;
  }

  opened() {
    for (const follow of this.followed()) this.socket.send(JSON.stringify({ type: "chat.follow", ...follow }));
    if (!this.isPolling) this.setOnline(true);
  }

  heard(frame) {
    if (this.isPolling) clearTimeout(this.timer);
    this.isPolling = false;
    this.failures = 0;
    this.received += 1;
    this.heardAt = Date.now();
    if (frame.type === "heartbeat" || this.received % 100 === 0) this.send({ type: "heartbeat", received: this.received });
    this.setOnline(true);
    this.emit(frame);
  }

  emit(frame) {
    this.dispatchEvent(new CustomEvent(frame.type, { detail: frame }));
  }

  closed(event) {
    this.failures += 1;
    if (this.failures >= SOCKET_TRIES) this.socketDueAt = Date.now() + SOCKET_AGAIN_MS;
    this.emit({ type: "transport.closed", code: event.code });
    // 44xx: the server said why, and coming back at once would be told the same.
    if (event.code === 4404 || event.code === 4403) { this.isStopped = true; this.setOnline(false); return; }
    if (this.isPolling) return;
    this.setOnline(false);
    this.timer = setTimeout(() => this.connect(), this.pause());
  }

  // Grows with each failure and differs between browsers, so that they do not all come back at once.
  pause() {
    const most = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** Math.min(this.failures, 6));
    return most / 2 + Math.random() * most / 2;
  }

  reconnect() {
    if (this.isStopped || this.isOnline) return;
    if (this.isTrying()) return;
    this.connect();
  }

  // A socket that says nothing for longer than its heartbeats is dead, whatever the browser believes; and
  // one that does not open, or not answer what it was asked first, will not do so later.
  checkSilence() {
    if (!this.isTrying()) return;
    const isNew = this.socket.readyState === WebSocket.CONNECTING || (this.pollUrl && !this.received);
    if (Date.now() - this.heardAt < (isNew ? OPENING_MS : SILENCE_MS)) return;
    const { socket } = this;
    socket.onclose = null;
    socket.close();
    this.socket = null;
    this.closed({ code: 1006 });
  }

  setOnline(isOnline) {
    if (this.isOnline === isOnline) return;
    this.isOnline = isOnline;
    this.emit({ type: "transport.changed", isOnline });
  }

  async poll() {
    let pause = POLL_MS;
    try {
      const followed = new URLSearchParams(this.followed().flatMap(({ session, after }) => [["session", session], ["after", after]]));
      const response = await fetch(`${this.pollUrl}?${followed}`, { headers: { Accept: "application/json" } });
      if (response.status === 404) { this.ended(4404); return; }
      if (this.loginUrl && new URL(response.url).pathname === this.loginUrl) { this.ended(4403); return; }
      if (!response.ok) throw new Error(String(response.status));
      this.receive(await response.json());
      // The server was away and is back: sockets may work again.
      if (!this.isOnline) this.failures = 0;
      this.setOnline(true);
    } catch {
      this.failures += 1;
      this.setOnline(false);
      pause = this.pause();
    }
    if (this.isPolling) this.timer = setTimeout(() => this.connect(), pause);
  }

  ended(code) {
    this.isStopped = true;
    this.emit({ type: "transport.closed", code });
  }

  async post(frame) {
    try {
      const response = await fetch(this.commandUrl, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.csrfToken },
        body: JSON.stringify(frame),
      });
      // A proxy's own page instead of an answer: what was sent goes again when a poll comes through.
      if (!response.ok) throw new Error(String(response.status));
      this.receive(await response.json());
    } catch {
      this.setOnline(false);
    }
  }

  receive(body) {
    for (const frame of body.frames) this.emit(frame);
  }
}
