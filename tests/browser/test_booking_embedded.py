"""Booking from the chat on somebody else's site: the tab that opens knows no cookie of the frame."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import expect

from tests.browser.booking import fill_data
from tests.browser.conftest import CLOSE_NOW, Site, running_site

TYPED = "Al timbrar sale el error CFDI40138"


class Shop:
    """Another site than 127.0.0.1, where the product is: one page with the tag."""

    def __init__(self) -> None:
        self.page = b""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(shop.page)

            def log_message(self, *_args: object) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, name="shop")
        self.thread.start()

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.server.server_port}"

    def embed(self, site: Site) -> None:
        page = (
            f'<!doctype html><title>Tienda</title><h1>Tienda</h1><script src="{site.url}/widget.js"></script>'
        )
        self.page = page.encode()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture
def embedded(tmp_path: Path, shop: Shop) -> Iterator[Site]:
    """Out of service, and framed by the shop."""
    with running_site(tmp_path / "embedded", HOURS="real", EMBED_ORIGINS=shop.origin) as site:
        site.shell(CLOSE_NOW)
        shop.embed(site)
        yield site


def test_what_was_typed_in_the_frame_is_booked_in_a_tab_of_its_own(
    embedded, shop, new_customer, watch, shoot
):
    watch.expect(f"third party: {shop.origin}/")
    ana = new_customer(embedded)
    ana.page.goto(shop.origin)
    ana.is_framed = True
    ana.bar.get_by_role("button", name="Dejar mensaje").click()
    ana.chat.get_by_label("Nombre").fill("Rosa Díaz")
    ana.chat.get_by_label("Mensaje").fill(TYPED)

    with ana.page.expect_popup() as popup:
        ana.button("Mejor agendar una cita").click()

    tab = popup.value
    tab.get_by_role("button", name=re.compile(r"^\w{3} \d+ \w{3}$"), disabled=False).last.click()
    nine = tab.get_by_role("button", name="09:00")
    # A picture in the middle of the way to the day's page fails now and then.
    expect(nine).to_be_visible()
    shoot(tab, "75-cita-desde-otro-sitio")
    nine.click()
    expect(tab.get_by_label("Nombre", exact=True)).to_have_value("Rosa Díaz")
    expect(tab.get_by_label("¿Qué necesita consultar?")).to_have_value(TYPED)
    fill_data(tab)
    tab.get_by_role("button", name="Agendar", exact=True).click()
    expect(tab.get_by_role("heading", name="Su cita S-")).to_be_visible()
