/* Browsers without ES modules (Internet Explorer 11): the live frame of the page for no scripts, and the
   text typed in the site's bar. ES5 only. */
(function () {
  "use strict";
  if ("noModule" in document.createElement("script")) { return; }
  var sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = document.body.getAttribute("data-legacy-style");
  document.head.appendChild(sheet);
  var place = document.querySelector('[data-role="legacy-frame"]');
  var box = document.querySelector('[data-role="scroller"]');
  if (place) {
    var frame = document.createElement("iframe");
    frame.src = place.getAttribute("data-src");
    frame.title = place.getAttribute("data-title");
    frame.className = "live-frame";
    place.appendChild(frame);
    if (box) { box.style.display = "none"; }
  }
  if (window.parent === window) { return; }
  window.addEventListener("message", function (event) {
    if (event.source !== window.parent || !event.data || event.data.facturando !== "text") { return; }
    if (takes(String(event.data.text))) { event.source.postMessage({ facturando: "taken" }, event.origin); }
  });
  var isEnded = document.body.getAttribute("data-stage") === "ended";
  var session = isEnded ? "" : document.body.getAttribute("data-session") || "";
  window.parent.postMessage({ facturando: "ready", session: session }, "*");

  /* Whether this page has the text. A first message is sent, and the page that answers has it. */
  function takes(text) {
    var first = document.querySelector('[data-role="first-text"]');
    var field = document.querySelector('.stage textarea[name="text"], .composer textarea[name="text"]');
    if (first && !first.defaultValue) {
      first.value = text;
      first.form.submit();
      return false;
    }
    if (field && bare(field.value).indexOf(bare(text)) < 0) { field.value += (field.value ? "\n" : "") + text; }
    return Boolean(field);
  }

  /* The server strips and joins white space. */
  function bare(text) { return text.replace(/\s/g, ""); }
}());
