/* A window as far as the embedding script and the one for old browsers use it, for an engine that knows ES5
   and nothing newer. What happens is noted in `sent`, `kept` and `made`. */
var sent = [], kept = {}, made = [], listeners = {};
var place = make("div");
place.setAttribute("data-src", "/chat/conversacion/");
var box = make("div");
var first = make("textarea");
first.form = { submit: function () { sent.push("submitted " + first.value); } };

// Where a page that already has a message holds it.
var field = null;

function make(tag) {
  var element = {
    tag: tag, children: [], attributes: {}, value: "",
    style: { cssText: "", setProperty: function (name, value) { this[name] = value; } },
    setAttribute: function (name, value) { this.attributes[name] = String(value); },
    getAttribute: function (name) { return name in this.attributes ? this.attributes[name] : null; },
    appendChild: function (child) { this.children.push(child); this.firstChild = this.children[0]; return child; },
    focus: function () {},
    contentWindow: tag === "iframe" ? { postMessage: function (message) { sent.push(message); } } : undefined
  };
  made.push(element);
  return element;
}

var document = {
  body: make("body"),
  head: make("head"),
  title: "Tienda",
  referrer: "",
  createElement: make,
  createTextNode: function (text) { return { data: text }; },
  addEventListener: function () {},
  querySelector: function (selector) {
    if (selector.indexOf("legacy-frame") > 0) { return place; }
    if (selector.indexOf("scroller") > 0) { return box; }
    if (selector.indexOf(".stage textarea") === 0) { return field; }
    return selector.indexOf("first-text") > 0 ? first : null;
  }
};
var window = {
  document: document,
  innerWidth: 1280, innerHeight: 800, screen: { width: 1280 },
  location: { href: "http://tienda.example/precios" },
  sessionStorage: {
    getItem: function (name) { return name in kept ? kept[name] : null; },
    setItem: function (name, value) { kept[name] = String(value); },
    removeItem: function (name) { delete kept[name]; }
  },
  postMessage: function (message) { sent.push(message); },
  addEventListener: function (type, listener) { (listeners[type] = listeners[type] || []).push(listener); }
};
window.localStorage = window.sessionStorage;
window.parent = window;

function setTimeout() { return 1; }
function clearTimeout() {}
function all(tag) { return made.filter(function (element) { return element.tag === tag; }); }
function tell(event) { listeners.message.forEach(function (listener) { listener(event); }); }
function check(isTrue, what) { if (!isTrue) { throw new Error("expected: " + what); } }
