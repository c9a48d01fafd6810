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
    var first = document.querySelector('[data-role="first-text"]');
    if (event.source !== window.parent || !event.data || event.data.facturando !== "text" || !first) { return; }
    first.value = String(event.data.text);
    event.source.postMessage({ facturando: "taken" }, event.origin);
    first.form.submit();
  });
  window.parent.postMessage({ facturando: "ready", session: document.body.getAttribute("data-session") || "" }, "*");
}());
