/* Chat de soporte de Facturando. ES5, so that Internet Explorer 11 runs it; no cookie, no other request
   until the customer touches it. Its own styles sit on its own elements, and the page's are left alone. */
(function () {
  "use strict";
  var settings = {% autoescape off %}{{ settings_json }}{% endautoescape %};
  var texts = settings.texts;
  if (window.FacturandoSoporte || !window.postMessage) { return; }
  window.FacturandoSoporte = { open: open };

  var isDark = window.matchMedia && window.matchMedia("(prefers-color-scheme: dark)").matches;
  var colors = isDark
    ? { accent: "#7db8f0", on: "#0b1a2a", surface: "#151b23", text: "#e8edf3", line: "#6d7b8c", edge: "#3c4856" }
    : { accent: "#0f5ea8", on: "#fff", surface: "#fff", text: "#1c2430", line: "#8793a3", edge: "rgba(16,32,56,.12)" };
  var base = "box-sizing:border-box;margin:0;padding:0;border:0;float:none;font:16px/1.4 system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;letter-spacing:normal;text-transform:none;text-shadow:none;text-align:left;min-width:0;max-width:none;min-height:0;";
  var bar, label, form, box, badge, panel, frame, failed, waiting, pending = "", isOpen = false, isReady = false, ownTitle, shownTitle;

  function style(element, rules) {
    element.style.cssText = (base + rules).replace(/;/g, " !important;");
  }

  function make(tag, rules, parent, text) {
    var element = document.createElement(tag);
    style(element, rules);
    if (text) { element.appendChild(document.createTextNode(text)); }
    if (parent) { parent.appendChild(element); }
    return element;
  }

  /* That a chat runs is known in every tab; what is typed and open belongs to one. */
  function keep(name, value) {
    try {
      var store = name === "chat" ? window.localStorage : window.sessionStorage;
      if (value === undefined) { return store.getItem("facturando." + name) || ""; }
      if (value) { store.setItem("facturando." + name, value); }
      else { store.removeItem("facturando." + name); }
    } catch (e) { /* storage is forbidden: nothing survives a reload, and all else works */ }
    return "";
  }

  function build() {
    bar = make("div", "position:fixed;right:16px;bottom:16px;z-index:2147483000;width:340px;max-width:calc(100% - 32px);background:" + colors.surface + ";color:" + colors.text + ";border-radius:12px;box-shadow:0 0 0 1px " + colors.edge + ",0 6px 24px rgba(16,32,56,.3);overflow:hidden;", document.body);
    bar.setAttribute("role", "region");
    bar.setAttribute("aria-label", texts.support);
    var title = make("button", "display:block;width:100%;padding:10px 16px;cursor:pointer;font-weight:600;color:" + colors.on + ";background:" + colors.accent + ";", bar, " ");
    label = title.firstChild;
    title.type = "button";
    badge = make("span", "display:none;margin-left:8px;padding:0 8px;border-radius:10px;font-size:14px;background:" + colors.surface + ";color:" + colors.text + ";", title);
    title.onclick = open;
    if (settings.isOpen) { buildBox(); }
    showState();
    window.addEventListener("message", heard);
    window.addEventListener("resize", layout);
    if (window.visualViewport) {
      window.visualViewport.addEventListener("resize", layout);
      window.visualViewport.addEventListener("scroll", layout);
    }
    if (keep("open") === "1") { open(); } else if (keep("chat") === "1") { load(); }
  }

  /* While a chat runs the bar leads back to it, and asks nothing. */
  function showState() {
    var hasChat = keep("chat") === "1";
    label.data = hasChat ? texts.support : settings.isOpen ? texts.question : texts.leave;
    if (form) { form.style.setProperty("display", hasChat ? "none" : "flex", "important"); }
  }

  function buildBox() {
    form = make("form", "display:flex;-ms-flex-align:end;align-items:flex-end;padding:12px;", bar);
    box = make("textarea", "display:block;-ms-flex:1 1 auto;flex:1 1 auto;width:100%;height:52px;padding:8px 10px;resize:none;border:1px solid " + colors.line + ";border-radius:8px;background:" + colors.surface + ";color:" + colors.text + ";", form);
    box.setAttribute("aria-label", texts.message);
    box.setAttribute("placeholder", texts.placeholder);
    box.value = keep("draft");
    box.oninput = function () { keep("draft", box.value); };
    box.onkeydown = function (event) {
      if ((event.key === "Enter" || event.keyCode === 13) && sends(event)) { event.preventDefault(); submit(); }
    };
    var button = make("button", "-ms-flex:0 0 auto;flex:0 0 auto;width:48px;height:52px;margin-left:8px;border-radius:8px;cursor:pointer;text-align:center;font-size:22px;background:" + colors.accent + ";color:" + colors.on + ";", form, "\u2192");
    button.type = "submit";
    button.setAttribute("aria-label", texts.send);
    form.onsubmit = function (event) { event.preventDefault(); submit(); };
  }

  /* Enter sends and Shift+Enter breaks; on phones Enter breaks and the button sends. */
  function sends(event) {
    var isPhone = window.matchMedia && window.matchMedia("(pointer: coarse)").matches;
    return !event.shiftKey && !event.isComposing && !isPhone;
  }

  function submit() {
    if (!box.value.replace(/\s/g, "")) { box.focus(); return; }
    pending = box.value;
    open();
    sendPending();
  }

  function load() {
    if (panel) { return; }
    panel = make("div", "display:none;position:fixed;z-index:2147483001;overflow:hidden;background:" + colors.surface + ";box-shadow:0 0 0 1px " + colors.edge + ",0 8px 32px rgba(16,32,56,.35);", document.body);
    frame = make("iframe", "display:block;width:100%;height:100%;background:" + colors.surface + ";", panel);
    frame.title = texts.title;
    frame.setAttribute("allow", "autoplay");
    frame.src = settings.chat;
    waiting = setTimeout(giveUp, 10000);
  }

  /* No answer from the frame: this site is not allowed to embed it, or there is no server. What was typed is
     still in the bar, and the chat may open as a page of its own. */
  function giveUp() {
    document.body.removeChild(panel);
    panel = frame = null;
    isOpen = isReady = false;
    keep("open", "");
    bar.style.setProperty("display", "block", "important");
    if (failed) { return; }
    failed = make("div", "padding:0 16px 12px;", bar, texts.failed + " ");
    var link = make("a", "color:inherit;text-decoration:underline;", failed, texts.other);
    link.href = settings.chat;
    link.target = "_blank";
    link.rel = "noopener";
  }

  function open() {
    load();
    isOpen = true;
    keep("open", "1");
    layout();
    tellShown();
  }

  function close() {
    isOpen = false;
    keep("open", "");
    layout();
    tellShown();
  }

  function layout() {
    if (!panel) { return; }
    var isPhone = Math.min(window.innerWidth, window.screen.width) < 560;
    var place = isPhone ? "left:0;top:0;width:100%;height:100%;border-radius:0;" : "right:16px;bottom:16px;width:400px;height:640px;max-height:calc(100% - 32px);border-radius:12px;";
    var view = window.visualViewport;
    // Above a phone's keyboard: what is left of the screen, which the fixed panel does not know by itself.
    if (isPhone && view) { place = "left:0;top:" + view.offsetTop + "px;width:100%;height:" + view.height + "px;border-radius:0;"; }
    style(panel, (isOpen ? "display:block;" : "display:none;") + "position:fixed;z-index:2147483001;overflow:hidden;background:" + colors.surface + ";box-shadow:0 0 0 1px " + colors.edge + ",0 8px 32px rgba(16,32,56,.35);" + place);
    bar.style.setProperty("display", isOpen ? "none" : "block", "important");
  }

  /* Until its page has come the frame is of another origin, and browsers complain to the site's console. */
  function tell(message) {
    if (isReady) { frame.contentWindow.postMessage(message, settings.origin); }
  }

  function tellShown() { tell({ facturando: isOpen ? "shown" : "hidden" }); }

  /* Again after each page of the frame, until one of them says that it has the text. */
  function sendPending() {
    if (pending) { tell({ facturando: "text", text: pending, page: String(window.location.href) }); }
  }

  function heard(event) {
    if (!frame || event.source !== frame.contentWindow || event.origin !== settings.origin || !event.data) { return; }
    var what = event.data.facturando;
    if (what === "ready") {
      clearTimeout(waiting);
      isReady = true;
      keep("chat", event.data.session ? "1" : "");
      showState();
      tellShown();
      sendPending();
    } else if (what === "taken") {
      pending = "";
      keep("draft", "");
      if (box) { box.value = ""; }
    } else if (what === "minimize") {
      close();
    } else if (what === "unread") {
      showCount(Number(event.data.count) || 0);
      badge.textContent = event.data.count || "";
      badge.style.setProperty("display", event.data.count ? "inline-block" : "none", "important");
    }
  }

  /* In the title of the page, for whoever is in another tab; the page may change its own meanwhile. */
  function showCount(count) {
    if (document.title !== shownTitle) { ownTitle = document.title; }
    shownTitle = count ? "(" + count + ") " + ownTitle : ownTitle;
    if (document.title !== shownTitle) { document.title = shownTitle; }
  }

  if (document.body) { build(); } else { document.addEventListener("DOMContentLoaded", build); }
}());
