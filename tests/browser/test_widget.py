"""The tag on somebody's page: on another site, after a chat, in a browser without cookies."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import servers
from tests.browser.hours import CLOSE_NOW
from tests.browser.people import QUESTION

SHOP = """<!doctype html><html lang="es"><meta charset="utf-8"><title>Tienda</title>
<link rel="icon" href="data:,"><h1>Tienda</h1><script src="{product}/widget.js" async></script>"""


class Shop(ThreadingHTTPServer):
    """A site of somebody else: another origin, and by its name another site for cookies as well."""

    product = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", servers.free_port()), ShopPage)
        self.url = f"http://localhost:{self.server_port}"


class ShopPage(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        page = SHOP.format(product=self.server.product).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_words: Any) -> None:
        """Nothing, among the words of the tests."""


@pytest.fixture
def shop(sites, watch) -> Iterator[Shop]:
    with Shop() as shop:
        thread = Thread(target=shop.serve_forever)
        thread.start()
        watch.expect(f"third party: {shop.url}/")
        yield shop
        shop.shutdown()
        thread.join()


def test_the_demo_works_at_the_other_name_of_this_machine(site, new_customer, watch):
    ana = new_customer(site)
    localhost = site.url.replace("127.0.0.1", "localhost")
    watch.expect(f"third party: {localhost.replace('http', '(http|ws)')}/")
    ana.page.goto(f"{localhost}/")
    ana.is_framed = True

    ana.start("Ana López", "No puedo timbrar")

    expect(ana.line("No puedo timbrar")).to_contain_text("enviado")


def test_the_tag_serves_customers_of_another_site(sites, shop, new_customer, new_desk):
    site = sites("embedded", EMBED_ORIGINS=shop.url)
    shop.product = site.url
    ana, laura = new_customer(site), new_desk(site)
    console: list[str] = []
    ana.page.on("console", lambda message: console.append(message.text))
    ana.page.goto(shop.url)
    ana.is_framed = True

    ana.start("Ana López", "No puedo timbrar")
    laura.take("Ana López")
    expect(ana.line("Buen día, Ana López.")).to_be_visible()
    ana.minimize()
    laura.say("Ana López", "¿Qué versión tiene?")

    expect(ana.bar.get_by_role("button")).to_have_text("Chat de soporte1")
    expect(ana.page).to_have_title("(1) Tienda")
    ana.restore()
    expect(ana.line("¿Qué versión tiene?")).to_be_visible()
    expect(ana.page).to_have_title("Tienda")
    expect(laura.pane("Ana López")).to_contain_text(shop.url)
    cookies = {cookie["name"]: cookie for cookie in ana.page.context.cookies()}
    for name in ("fs_visitante", "csrftoken"):
        assert cookies[name]["sameSite"] == "None"
        assert cookies[name]["partitionKey"] == "http://localhost"
    assert console == []


def _end_a_chat(ana, laura):
    ana.visit()
    ana.start("Ana López")
    laura.take("Ana López")
    expect(ana.line("Buen día, Ana López.")).to_be_visible()
    laura.end("Ana López")
    expect(ana.chat.get_by_role("heading", name="Chat finalizado")).to_be_visible()


def test_after_a_chat_the_bar_asks_again_and_loads_nothing(each_browser, site, new_customer, new_desk, watch):
    ana, laura = new_customer(site, each_browser), new_desk(site)
    _end_a_chat(ana, laura)
    ana.minimize()
    expect(ana.bar.get_by_role("button", name=QUESTION)).to_be_visible()
    expect(ana.bar.get_by_role("textbox")).to_be_visible()

    watch.requests.clear()
    ana.page.reload(wait_until="networkidle")

    expect(ana.bar.get_by_role("button", name=QUESTION)).to_be_visible()
    expect(ana.page.locator("iframe")).to_have_count(0)
    assert not [url for url in watch.requests if "/chat/" in url and "/agente/" not in url]


def test_the_next_question_after_a_chat_begins_another_one(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    _end_a_chat(ana, laura)
    ana.minimize()

    ana.ask("Otra pregunta")
    ana.button("Iniciar otro chat con este mensaje").click()

    expect(ana.line("Otra pregunta")).to_contain_text("enviado")
    expect(laura.waiting("Ana López")).to_contain_text("Otra pregunta")


def test_out_of_hours_the_bar_takes_a_message_after_a_chat_as_well(opening, new_customer, new_desk):
    ana, laura = new_customer(opening), new_desk(opening)
    _end_a_chat(ana, laura)
    ana.minimize()
    opening.shell(CLOSE_NOW)

    # The script of the tag is kept for a minute.
    ana.page.context.new_cdp_session(ana.page).send("Network.clearBrowserCache")
    ana.page.reload()

    expect(ana.bar.get_by_role("button")).to_have_text(["Dejar mensaje"])


def test_what_was_not_read_of_a_chat_that_ended_stays_announced_until_it_is_looked_at(
    site, new_customer, new_desk
):
    ana, laura = new_customer(site), new_desk(site)
    ana.visit()
    ana.start("Ana López")
    laura.take("Ana López")
    expect(ana.line("Buen día, Ana López.")).to_be_visible()
    ana.minimize()
    laura.say("Ana López", "Le escribo por correo")
    expect(ana.page).to_have_title(re.compile(r"^\(1\) "))
    laura.end("Ana López")
    expect(ana.bar.get_by_role("button", name=QUESTION)).to_be_visible()
    expect(ana.bar.get_by_role("button", name=QUESTION)).to_have_text(f"{QUESTION}2")

    ana.restore()

    expect(ana.line("Le escribo por correo")).to_be_visible()
    ana.minimize()
    expect(ana.bar.get_by_role("button", name=QUESTION)).to_have_text(QUESTION)


@pytest.mark.needs("firefox-esr")
def test_without_cookies_the_chat_says_so_and_keeps_what_was_typed(site, new_customer, watch):
    watch.expect("answer 403: .*/chat/iniciar/")
    ana = new_customer(site, "firefox-without-cookies")
    ana.visit()

    ana.ask("No puedo timbrar")

    ana.sees("No pudimos confirmar el envío")
    expect(ana.chat.get_by_label("Lo que escribió, para copiarlo")).to_have_value("No puedo timbrar")
    expect(ana.chat.get_by_role("link", name="abra el chat en otra ventana")).to_be_visible()
    expect(ana.page.get_by_label("Mensaje", exact=True)).to_have_value("No puedo timbrar")


def test_the_bar_keeps_a_message_until_the_chat_has_it(site, new_customer):
    ana = new_customer(site)
    ana.visit()
    typed = ana.page.get_by_label("Mensaje", exact=True)
    ana.page.route("**/chat/iniciar/", lambda route: route.abort())
    ana.ask("No puedo timbrar")
    ana.page.wait_for_event("requestfailed")
    expect(typed).to_have_value("No puedo timbrar")
    ana.page.unroute("**/chat/iniciar/")

    ana.page.reload()
    ana.minimize()
    ana.bar.get_by_role("button", name="Enviar").click()

    expect(ana.chat.get_by_label("Mensaje")).to_have_value("No puedo timbrar")
    expect(typed).to_have_value("")


def test_a_message_that_is_refused_is_not_sent_again_and_again(site, new_customer, watch):
    ana = new_customer(site)
    ana.visit()
    ana.ask("x" * 4001)

    ana.sees("El mensaje puede tener hasta 4000 caracteres")
    expect(ana.chat.get_by_label("Mensaje")).to_have_value("x" * 4001)
    expect(ana.page.get_by_label("Mensaje", exact=True)).to_have_value("")
    assert len([url for url in watch.requests if url.endswith("/chat/iniciar/")]) == 1


def test_whoever_comes_next_to_this_computer_finds_nothing_of_the_last_customer(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    ana.visit()
    ana.start("Ana López")
    laura.take("Ana López")
    ana.fill_identification()
    laura.end("Ana López")
    ana.button("Iniciar otro chat").click()

    expect(ana.chat.get_by_label("Mensaje")).to_have_value("")
    kept = ana.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
    for words in ("Ana", "ana.lopez", "No puedo timbrar", "XAXX010101000", "Abarrotes"):
        assert words not in kept
