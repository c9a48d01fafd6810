"""What only a real browser proves of attacks: policies that stop scripts, frames, messages of windows.

The others are in tests/security/. Markup in messages and names, live, is in conversation/test_markup.py.
"""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import servers
from tests.browser.people import QUESTION, file

# A markup that says so when it comes to life.
PLANTED = '<img src=x onerror="planted()"><planted></planted>'
ALARM = "window.planted = () => console.error('PLANTED')"
# Messages arrive in order: this one, of the window itself, is the last.
HAS_HEARD = "new Promise((seen) => { addEventListener('message', seen); postMessage('last', '*') })"


def plant(page, address, markup):
    """Answer with the product's own page, headers included, and something planted into it."""

    def answer(route):
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("</body>", f"{markup}</body>"))

    page.route(address, answer)


# --- Scripts in a page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/chat/", "/citas/", "/mensaje/", "/agente/entrar/", "/ayuda/"])
def test_a_script_that_got_into_a_page_does_not_run_and_fails_whoever_sees_it(site, new_page, watch, path):
    """The policy stops it; the watch over every browser test takes what the policy reports for a failure."""
    page = new_page()
    plant(
        page,
        f"**{path}",
        "<script>window.ran = 1</script><script nonce='guess'>window.ran = 2</script>"
        "<script src='https://ajeno.example/x.js'></script><img src=x onerror='window.ran = 3'>"
        "<a id='run' href='javascript:window.ran = 4'>x</a><base href='https://ajeno.example/'>"
        "<iframe src='javascript:parent.ran = 5'></iframe><object data='/chat/'></object>",
    )
    page.goto(site.url + path)
    page.evaluate("document.getElementById('run').click()")
    page.wait_for_function("document.readyState === 'complete'")

    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.baseURI") == site.url + path
    reported = watch.unexpected()
    assert len([fault for fault in reported if "CSP: script-src" in fault]) >= 3
    assert any("CSP: base-uri" in fault for fault in reported)
    # Seen, and on purpose.
    for fault in (r"CSP: ", r"Content Security Policy", r"ajeno\.example", r"answer 404", r"answer 405"):
        watch.expect(fault)


def test_a_form_that_got_into_a_page_sends_nothing_to_another_site(site, new_page, watch):
    page = new_page()
    plant(page, "**/chat/", "<form id='f' action='https://ajeno.example/'><input name='a' value='b'></form>")
    page.goto(f"{site.url}/chat/")
    with page.expect_console_message(lambda message: message.text.startswith("CSP: form-action")):
        page.evaluate("document.getElementById('f').submit()")

    assert not any("ajeno.example" in address for address in watch.requests)
    assert any("CSP: form-action" in fault for fault in watch.unexpected())
    for fault in (r"CSP: form-action", r"Content Security Policy"):
        watch.expect(fault)


def test_a_file_a_page_and_a_title_that_are_script_are_text_to_both(site, new_customer, new_desk, watch):
    ana, laura = new_customer(site), new_desk(site)
    for page in (ana.page, laura.page):
        page.context.add_init_script(ALARM)
    laura.open()
    ana.visit(f"/?x={PLANTED}")
    ana.page.evaluate("(title) => { document.title = title }", PLANTED)
    ana.start("Ana López", "No puedo timbrar")
    laura.take("Ana López")
    ana.identify()
    ana.send_file(file(f"{PLANTED}.txt".replace("/", "")))
    laura.say("Ana López", PLANTED)
    expect(ana.timeline.get_by_text("<planted>").last).to_be_visible()
    expect(laura.timeline("Ana López").get_by_text("onerror").first).to_be_visible()
    ana.minimize()
    laura.say("Ana López", "¿Sigue ahí?")
    # The site's own title with the count of what was not read before it.
    expect(ana.page).to_have_title(f"(1) {PLANTED}")
    ana.page.reload()
    laura.page.reload()
    laura.show("Ana López")

    for page in (ana.page, laura.page):
        for frame in page.frames:
            assert frame.evaluate("document.querySelectorAll('planted').length") == 0
    assert not any("PLANTED" in fault for fault in watch.faults)


# --- Messages of strangers' windows ---------------------------------------------------------------------


def test_a_frame_beside_the_chat_speaks_for_neither_the_site_nor_the_chat(site, new_customer):
    """An advertisement on the same page writes no message, minimizes nothing and counts nothing."""
    ana = new_customer(site)
    ana.visit()
    ana.page.get_by_role("button", name=QUESTION).click()
    expect(ana.chat.get_by_role("textbox", name="Mensaje")).to_be_visible()
    ana.page.evaluate(
        "document.body.append(Object.assign(document.createElement('iframe'), { name: 'stranger' }))"
    )
    ana.page.frame("stranger").evaluate("""() => {
        for (let index = 0; index < parent.length; index += 1) {
          const page = "http://ajeno.example/";
          parent.frames[index].postMessage({ facturando: "text", text: "intruso", page }, "*");
          parent.frames[index].postMessage({ facturando: "hidden" }, "*");
        }
        parent.postMessage({ facturando: "unread", count: 99 }, "*");
        parent.postMessage({ facturando: "minimize" }, "*");
        parent.postMessage({ facturando: "ready", session: "1" }, "*");
        parent.postMessage({ facturando: "taken" }, "*");
    }""")
    ana.page.evaluate(HAS_HEARD)

    expect(ana.chat.get_by_role("textbox", name="Mensaje")).to_have_value("")
    expect(ana.bar).to_be_hidden()
    assert "99" not in ana.page.title()
    assert site.rows("SELECT COUNT(*) FROM chat_message WHERE text = 'intruso'") == [(0,)]


def test_a_window_that_opened_the_chat_writes_nothing_into_it(site, new_page):
    """The chat as a page of its own listens to nobody, and whoever opened it has no hold of it."""
    page = new_page()
    page.goto(f"{site.url}/ayuda/")
    with page.expect_popup() as opened:
        page.evaluate("(address) => { window.other = window.open(address) }", f"{site.url}/chat/")
    chat = opened.value
    expect(chat.get_by_role("textbox", name="Mensaje")).to_be_visible()
    page.evaluate("window.other.postMessage({ facturando: 'text', text: 'intruso' }, '*')")
    chat.evaluate(HAS_HEARD)

    expect(chat.get_by_role("textbox", name="Mensaje")).to_have_value("")
    expect(chat.get_by_role("button", name="Iniciar chat")).to_have_count(0)


# --- Framing by strangers -------------------------------------------------------------------------------


class Stranger(ThreadingHTTPServer):
    """Somebody else's site, at another name of this machine."""

    page = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", servers.free_port()), StrangersPage)
        self.url = f"http://localhost:{self.server_port}/"


class StrangersPage(BaseHTTPRequestHandler):
    server: Stranger

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page.encode())

    def log_message(self, *_words: Any) -> None:
        """Nothing, among the words of the tests."""


@pytest.fixture
def stranger(watch) -> Iterator[Stranger]:
    with Stranger() as stranger:
        thread = Thread(target=stranger.serve_forever)
        thread.start()
        watch.expect(f"third party: {stranger.url}")
        yield stranger
        stranger.shutdown()
        thread.join()


FRAMING = """<!doctype html><link rel="icon" href="data:,"><title>Ajeno</title><iframe src="{}"></iframe>"""


def shown_in_a_frame(desk, stranger, address):
    """Whether the page is there inside the stranger's; a browser shows its own instead of a refused one."""
    stranger.page = FRAMING.format(address)
    desk.page.goto(stranger.url)
    [_own, framed] = desk.page.frames
    return address.startswith(framed.evaluate("location.origin"))


@pytest.mark.parametrize(
    "path",
    ["/chat/", "/chat/iniciar/", "/chat/conversacion/", "/citas/", "/mensaje/", "/agente/", "/agente/entrar/"]
    + ["/admin/", "/admin/login/", "/ayuda/", "/"],
)
def test_a_strangers_page_frames_no_page_of_ours(site, stranger, new_desk, watch, path):
    """Not even with an agent's session in the browser: nothing to click on under another picture."""
    watch.expect("frame-ancestors|X-Frame-Options|Refused to (display|frame)|Framing")

    assert not shown_in_a_frame(new_desk(site), stranger, site.url + path)


def test_a_site_that_is_named_in_the_settings_frames_the_chat_and_nothing_else(
    sites, stranger, new_desk, watch
):
    """So that the other tests see a frame being refused, and not one that never shows anything."""
    site = sites("framed", EMBED_ORIGINS=stranger.url.rstrip("/"))
    desk = new_desk(site)
    watch.expect("frame-ancestors|X-Frame-Options|Refused to (display|frame)|Framing")

    assert shown_in_a_frame(desk, stranger, f"{site.url}/chat/")
    assert not shown_in_a_frame(desk, stranger, f"{site.url}/agente/")
    assert not shown_in_a_frame(desk, stranger, f"{site.url}/admin/")
