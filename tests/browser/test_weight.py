"""What the chat costs a page, measured against a process as it runs in production."""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests import servers
from tests.browser.hours import OPEN_NOW
from tests.servers import Product

STUB = Path(__file__).with_name("old_browser.js")
HOST_PAGE = """<!doctype html><html lang="es"><title>Tienda</title><link rel="icon" href="data:,">
<h1>Tienda</h1><script src="/widget.js" async></script>"""
KILOBYTE = 1024


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder, port = tmp_path_factory.mktemp("production"), servers.free_port()
    env = {"DEBUG": "off", "HOURS": "real", "SECRET_KEY": "x7" * 40}
    for command in (["migrate", "-v", "0"], ["collectstatic", "--no-input", "-v", "0"]):
        _manage(folder, port, env, *command)
    # An open widget is the heavier one.
    _manage(folder, port, env, "shell", "-v", "0", "-c", OPEN_NOW)
    with servers.product(folder, env=env, command=("serve",), port=port) as running:
        yield running


def _manage(folder: Path, port: int, env: dict[str, str], *command: str) -> None:
    full = servers.product_env(folder, port, env)
    subprocess.run([sys.executable, "manage.py", *command], env=full, cwd=servers.ROOT, check=True)


class Scale:
    """Weighs what a page loads: the bytes of each answer as they crossed the wire, headers included."""

    def __init__(self, page: Page) -> None:
        self.addresses: dict[str, str] = {}
        self.bytes: dict[str, float] = {}
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._loaded)
        session.send("Network.enable")

    def _asked(self, event: dict) -> None:
        if event["request"]["url"].startswith("http"):
            self.addresses[event["requestId"]] = event["request"]["url"]

    def _loaded(self, event: dict) -> None:
        if event["requestId"] in self.addresses:
            self.bytes[event["requestId"]] = event["encodedDataLength"]

    @property
    def total(self) -> float:
        return sum(self.bytes.values())


def test_an_untouched_widget_costs_two_requests_five_kilobytes_and_no_cookie(production, new_page):
    page = new_page()
    page.route("**/tienda/", lambda route: route.fulfill(content_type="text/html", body=HOST_PAGE))
    scale = Scale(page)
    page.goto(f"{production.url}/tienda/", wait_until="networkidle")
    page.get_by_role("region", name="Chat de soporte").wait_for()

    widget = [url for url in scale.addresses.values() if not url.endswith("/tienda/")]
    weight = sum(scale.bytes[key] for key, url in scale.addresses.items() if url in widget)
    assert 1 <= len(widget) <= 2
    assert 0 < weight <= 5 * KILOBYTE
    assert page.context.cookies() == []


def test_opening_the_chat_costs_eight_requests_and_forty_kilobytes(production, new_page):
    page = new_page()
    scale = Scale(page)
    page.goto(f"{production.url}/chat/", wait_until="networkidle")
    page.get_by_role("textbox", name="Mensaje").wait_for()

    assert 1 <= len(scale.addresses) <= 8, scale.addresses
    assert set(scale.bytes) == set(scale.addresses)
    assert 0 < scale.total <= 40 * KILOBYTE


def test_what_the_chat_loads_is_kept_by_the_browser(production, new_page):
    page = new_page()
    page.goto(f"{production.url}/chat/", wait_until="networkidle")
    scale = Scale(page)
    page.reload(wait_until="networkidle")

    assert scale.total <= 10 * KILOBYTE


def test_nobody_else_is_asked_for_anything(production, new_page, watch):
    page = new_page()
    page.goto(f"{production.url}/", wait_until="networkidle")
    page.get_by_role("button", name="¿Tienes dudas? Escríbenos").click()
    page.frame_locator("iframe").get_by_role("textbox", name="Mensaje").wait_for()

    assert watch.requests
    assert all(url.startswith((production.url, "data:", "about:")) for url in watch.requests)


def _fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own server
        text: str = answer.read().decode()
        return text


def _run_as_es5(tmp_path: Path, *parts: str) -> None:
    script = tmp_path / "script.js"
    script.write_text("\n".join([STUB.read_text(), *parts]))
    result = subprocess.run(["duk", script], capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.needs("duk")
def test_an_engine_that_knows_only_es5_runs_the_script_of_the_tag(production, tmp_path):
    _run_as_es5(
        tmp_path,
        _fetched(f"{production.url}/widget.js"),
        """
        check(all("textarea").length === 2, "a message box");
        check(all("button")[0].firstChild.data.indexOf("Tienes dudas?") > 0, "the question");
        check(all("iframe").length === 0, "nothing loaded before it is touched");
        var typed = all("textarea")[1], form = all("form")[0];
        typed.value = "No puedo timbrar";
        typed.oninput();
        check(kept["facturando.draft"] === "No puedo timbrar", "a draft that survives");
        typed.onkeydown({ key: "Enter", isComposing: true, preventDefault: function () {} });
        check(all("iframe").length === 0, "Enter chooses a word of an input method");
        window.matchMedia = function (query) { return { matches: query === "(pointer: coarse)" }; };
        typed.onkeydown({ key: "Enter", preventDefault: function () {} });
        check(all("iframe").length === 0, "Enter breaks the line on a phone");
        delete window.matchMedia;
        form.onsubmit({ preventDefault: function () {} });
        var frame = all("iframe")[0];
        check(/\\/chat\\/$/.test(frame.src), "the chat in a frame");
        check(sent.length === 0, "nothing said to a frame that is not there yet");
        var origin = frame.src.replace(/\\/chat\\/$/, "");
        tell({ source: frame.contentWindow, origin: origin, data: { facturando: "ready", session: "" } });
        var text = sent.filter(function (message) { return message.text === "No puedo timbrar"; });
        check(text.length > 0, "the message handed over");
        tell({ source: frame.contentWindow, origin: origin, data: { facturando: "taken" } });
        check(!("facturando.draft" in kept), "the draft forgotten");
        """,
    )


@pytest.mark.needs("duk")
def test_an_engine_that_knows_only_es5_runs_the_script_for_old_browsers(tmp_path):
    legacy = servers.ROOT / "static" / "chat" / "legacy.js"
    _run_as_es5(
        tmp_path,
        "window.parent = { postMessage: function (message) { sent.push(message); } };",
        legacy.read_text(),
        """
        check(place.children.length === 1 && place.children[0].tag === "iframe", "the live frame");
        check(place.children[0].src === "/chat/conversacion/", "its address");
        check(sent[0].facturando === "ready", "the page that frames us told");
        var text = { facturando: "text", text: "hola" };
        var said = [];
        var bar = { postMessage: function (message) { said.push(message.facturando); } };
        window.parent = bar;
        tell({ source: bar, origin: "http://tienda.example", data: text });
        check(sent.indexOf("submitted hola") > 0, "the text of the site's bar sent");
        check(said.length === 0, "the bar keeps it until a page has it");
        first.defaultValue = "hola";
        field = make("textarea");
        field.value = "hola";
        tell({ source: bar, origin: "http://tienda.example", data: { facturando: "text", text: " hola " } });
        check(said[0] === "taken" && field.value === "hola", "that page says so, and has it once");
        tell({ source: bar, origin: "http://tienda.example", data: { facturando: "text", text: "otra" } });
        check(field.value === "hola\\notra", "what is new added");
        """,
    )
