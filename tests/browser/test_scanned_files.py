"""A file that waits for the virus scanner: both pages say so, and show it when the verdict comes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.people import file, hold_back
from tests.chat.real_files import PNG
from tests.security.clamd import VIRUS, running_clamd

WAITS = "en revisión"
# By another process: with the layer in memory, its news reach nobody's page.
SETTLE = """from django.utils import timezone
from chat.models import Attachment
from chat.scanning import Finding
from chat.services.scans import settle
for waits in Attachment.objects.filter(scan="waiting"):
    settle(attachment=waits, finding=Finding(Attachment.Scan.CLEAN), now=timezone.now())"""


@pytest.fixture(scope="module")
def scanner() -> Iterator[Path]:
    """Where the scanner is to be; nobody is there until a test starts it."""
    # A socket's path may have no more than a hundred characters.
    with tempfile.TemporaryDirectory(prefix="clamd-") as folder:
        yield Path(folder)


@pytest.fixture
def chatting(scanner, sites, new_customer, new_desk):
    site = sites("scanning", CLAMD_ADDRESS=str(scanner / "clamd.ctl"), CHAT_HEARTBEAT_SECONDS="1")
    ana, laura = new_customer(site), new_desk(site)
    ana.open_chat()
    ana.start("Ana López")
    laura.take("Ana López")
    ana.identify()
    yield ana, laura
    site.end_all_chats()


def _lines(ana, laura, name):
    return ana.line(name).first, laura.line("Ana López", name).first


@pytest.mark.needs("clamd")
def test_a_verdict_turns_the_waiting_file_into_a_picture_or_sets_it_apart(chatting, scanner, shoot):
    ana, laura = chatting
    ana.send_file(file("pantalla.png", PNG, "image/png"))
    ana.send_file(file("factura.txt", b"una factura " + VIRUS))
    for name in ("pantalla.png", "factura.txt"):
        for line in _lines(ana, laura, name):
            expect(line.get_by_text(WAITS)).to_be_visible()
            expect(line.locator("img")).to_have_count(0)
    shoot(ana.page, "45-archivos-en-revision")
    shoot(laura.page, "45-consola-archivos-en-revision")
    # Nothing is read again: the news say it.
    ana.page.route("**/chat/", hold_back)
    laura.page.route("**/agente/chat/*/", hold_back)

    with running_clamd(scanner):
        for line in _lines(ana, laura, "pantalla.png"):
            expect(line.locator("img")).to_be_visible()
            expect(line.get_by_text(WAITS)).to_have_count(0)
        for line in _lines(ana, laura, "factura.txt"):
            expect(line.get_by_text("con virus, apartado")).to_be_visible()
    shoot(ana.page, "46-archivos-revisados")
    shoot(laura.page, "46-consola-archivos-revisados")
    laura.page.unroute_all()
    laura.page.reload()
    laura.show("Ana López")
    expect(_lines(ana, laura, "factura.txt")[1].get_by_text("con virus, apartado")).to_be_visible()


def test_a_page_that_missed_the_verdict_reads_its_files_again(chatting):
    ana, laura = chatting
    ana.send_file(file("pantalla.png", PNG, "image/png"))
    for line in _lines(ana, laura, "pantalla.png"):
        expect(line.get_by_text(WAITS)).to_be_visible()

    ana.site.shell(SETTLE)

    for line in _lines(ana, laura, "pantalla.png"):
        expect(line.locator("img")).to_be_visible()
        expect(line.get_by_text(WAITS)).to_have_count(0)
