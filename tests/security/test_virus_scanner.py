"""Viruses, found by a real clamd; and a scanner that is away or broken: nothing is lost or let through."""

import asyncio
import socket
import threading
import uuid
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from chat import scanning
from chat.files import check_file
from chat.models import Attachment
from chat.scanning import Finding
from chat.services import check_waiting
from chat.services.scans import settle
from facturando_support.clock import run_clock
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, NOW, attended, conversing, end, later, rules_of, texts_of
from tests.chat.real_files import PNG, TEXT, zipped
from tests.chat.sockets import agent_socket, customer_socket, do
from tests.security.clamd import NAME, VIRUS
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Scan = Attachment.Scan
JSON = {"accept": "application/json"}
INFECTED = b"una factura " + VIRUS


@pytest.fixture
def scanner(settings, clamd):
    settings.CLAMD_ADDRESS = clamd


@pytest.fixture
def away(settings, tmp_path):
    """A scanner that is named and not there."""
    settings.CLAMD_ADDRESS = str(tmp_path / "nobody.ctl")


def send(data, name="factura.txt"):
    form = {"client_id": uuid.uuid4(), "file": SimpleUploadedFile(name, data)}
    answer = browser_of(ANA).post("/chat/mensajes/", form, headers=JSON)
    assert answer.status_code == 200
    return Attachment.objects.latest("pk")


def download(attachment, browser, staff=False):
    address = (
        f"/agente/archivo/{attachment.public_id.hex}/"
        if staff
        else f"/chat/archivo/{attachment.public_id.hex}/"
    )
    answer = browser.get(address)
    body = answer.getvalue()
    if answer.streaming:
        [close() for close in answer._resource_closers]
    return answer.status_code, body


def stored():
    return sorted(path for folder in ("attachments", "quarantine") for path in _files(folder))


def kept(path):
    with default_storage.open(path) as content:
        return content.read()


def _files(folder):
    if not default_storage.exists(folder):
        return
    folders, files = default_storage.listdir(folder)
    yield from (f"{folder}/{name}" for name in files)
    for inner in folders:
        yield from _files(f"{folder}/{inner}")


# --- A scanner that answers -----------------------------------------------------------------------------


@pytest.mark.usefixtures("scanner")
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("factura.txt", INFECTED),
        ("factura.zip", zipped("a.txt", content=INFECTED)),
        ("foto.png", PNG + INFECTED),
    ],
)
def test_a_virus_is_set_apart_and_told_to_both_sides(laura, browsers, name, data):
    session = conversing(laura)
    found = send(data, name)

    assert (found.scan, found.virus, found.name) == (Scan.INFECTED, NAME, name)
    assert stored() == [found.content.name] == [f"quarantine/{found.public_id.hex}"]
    assert texts_of(session)[-2:] == [
        name,
        f"El archivo «{name}» contiene un virus ({NAME}): se apartó y nadie puede descargarlo. "
        "Revise con un antivirus el equipo del que salió.",
    ]
    for part in ("customer", "agent", "supervisor"):
        status, page = download(found, browsers[part], staff=part != "customer")
        assert status == 410
        assert "Se apartó y nadie puede descargarlo." in page.decode()
        assert VIRUS not in page


@pytest.mark.usefixtures("scanner")
def test_an_agents_virus_is_set_apart_as_well(laura, browsers):
    session = conversing(laura)
    form = {"client_id": uuid.uuid4(), "file": SimpleUploadedFile("guía.txt", INFECTED)}
    assert browsers["agent"].post(f"/agente/chat/{session.folio}/mensajes/", form).status_code == 200

    assert Attachment.objects.get().scan == Scan.INFECTED
    assert rules_of(session)[-1] == "file.infected"


@pytest.mark.usefixtures("scanner")
def test_a_file_without_virus_goes_out_at_once_and_nothing_is_said(laura, browsers):
    session = conversing(laura)
    clean = send(TEXT.encode())

    assert clean.scan == Scan.CLEAN
    assert download(clean, browsers["customer"]) == (200, TEXT.encode())
    assert texts_of(session)[-1] == "factura.txt"


@pytest.mark.usefixtures("scanner")
def test_a_virus_sent_again_is_one_line_and_one_file(laura):
    session = conversing(laura)
    form = {"client_id": str(uuid.uuid4())}
    for _each in range(3):
        file = SimpleUploadedFile("factura.txt", INFECTED)
        answer = browser_of(ANA).post("/chat/mensajes/", form | {"file": file}, headers=JSON)
        assert answer.status_code == 200, answer.json()

    assert rules_of(session).count("file.infected") == 1
    assert len(stored()) == 1


def test_without_a_scanner_in_the_settings_nothing_is_asked_and_nothing_is_said(laura, browsers, settings):
    settings.CLAMD_ADDRESS = ""
    session = conversing(laura)
    sent = send(INFECTED)

    assert sent.scan == Scan.OFF
    assert download(sent, browsers["customer"]) == (200, INFECTED)
    assert "file." not in " ".join(rules_of(session))
    assert check_waiting(NOW) == 0


# --- A scanner that does not ----------------------------------------------------------------------------


@pytest.mark.usefixtures("away")
def test_a_file_that_nobody_could_scan_is_kept_and_handed_out_to_nobody(laura, browsers):
    session = conversing(laura)
    waits = send(TEXT.encode())

    assert waits.scan == Scan.WAITING
    assert texts_of(session)[-2:] == [
        "factura.txt",
        "El archivo «factura.txt» se está revisando contra virus. Podrá descargarse al terminar.",
    ]
    for part in ("customer", "agent", "supervisor"):
        status, page = download(waits, browsers[part], staff=part != "customer")
        assert status == 409
        assert "se está revisando contra virus y todavía no puede descargarse" in page.decode()
        assert TEXT.encode() not in page
    assert download(waits, browsers["stranger"])[0] == 404
    assert stored() == [waits.content.name]
    for _second in range(3):
        assert check_waiting(NOW) == 0
    assert rules_of(session).count("file.waiting") == 1


@pytest.mark.usefixtures("away")
def test_a_picture_that_waits_is_on_no_page_until_it_was_scanned(laura, browsers, settings, clamd):
    """Its line is there, with a link that says why; nothing asks for the picture itself."""
    session = conversing(laura)
    picture = send(PNG, "pantalla.png")
    pages = [
        (browsers["customer"], "/chat/"),
        (browsers["agent"], f"/agente/chat/{session.folio}/"),
        (browsers["supervisor"], f"/admin/chat/chatsession/{session.pk}/change/"),
    ]
    for browser, address in pages:
        page = browser.get(address).text
        assert f"archivo/{picture.public_id.hex}/" in page
        assert "<img" not in page
    lines = browsers["customer"].get("/chat/eventos/", {"after": 0}).json()["frames"]
    assert [line["attachment"]["scan"] for line in lines if line.get("attachment")] == ["waiting"]
    settings.CLAMD_ADDRESS = clamd
    check_waiting(NOW)
    for browser, address in pages:
        assert '<img class="file__image"' in browser.get(address).text


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("has_ended", [False, True], ids=["while it goes on", "after the end"])
def test_the_clock_scans_what_waited_once_the_scanner_is_back(laura, browsers, settings, clamd, has_ended):
    session = conversing(laura)
    clean, infected = send(TEXT.encode(), "uno.txt"), send(INFECTED, "dos.txt")
    if has_ended:
        end(session)
    settings.CLAMD_ADDRESS = clamd

    assert check_waiting(later(minutes=5)) == 2
    assert texts_of(session)[-2:] == [
        "El archivo «uno.txt» ya se revisó y puede descargarse.",
        f"El archivo «dos.txt» contiene un virus ({NAME}): se apartó y nadie puede descargarlo. "
        "Revise con un antivirus el equipo del que salió.",
    ]
    assert download(clean, browsers["customer"]) == (200, TEXT.encode())
    assert download(infected, browsers["customer"])[0] == 410
    assert stored() == sorted([clean.content.name, f"quarantine/{infected.public_id.hex}"])
    assert kept(f"quarantine/{infected.public_id.hex}") == INFECTED
    assert check_waiting(later(minutes=6)) == 0


@contextmanager
def lying(tmp_path, reply):
    """A scanner that answers everything with `reply`; None is silence, an empty one hangs up."""
    path = str(tmp_path / "lies.ctl")
    silent = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def serve():
            while True:
                try:
                    asked, _address = listening.accept()
                except OSError:
                    return
                asked.recv(1_000_000)
                silent.append(asked)
                # Whoever asked may have hung up in the middle of an endless answer.
                with suppress(OSError):
                    if reply is not None:
                        asked.sendall(reply)
                        asked.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield path
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for asked in silent:
                asked.close()


REPLIES = {
    "silence": None,
    "nothing": b"",
    "half a verdict": b"stream: O",
    "a verdict without its end": b"stream: OK",
    "an error": b"INSTREAM size limit exceeded. ERROR\0",
    "another question's answer": b"PONG\0",
    "a page": b"HTTP/1.1 200 OK\r\n\r\nstream: OK\0",
    "two verdicts": b"stream: OK\0stream: OK\0",
    "an endless line": b"x" * 100_000,
    "no text": b"\xff\xfe\0",
}


@pytest.mark.parametrize("kind", REPLIES)
def test_an_answer_that_is_no_verdict_lets_nothing_through(laura, browsers, settings, tmp_path, kind):
    conversing(laura)
    settings.CLAMD_TIMEOUT = timedelta(seconds=0.2)
    with lying(tmp_path, REPLIES[kind]) as settings.CLAMD_ADDRESS:
        waits = send(TEXT.encode())
        check_waiting(NOW)

    waits.refresh_from_db()
    assert waits.scan == Scan.WAITING
    assert download(waits, browsers["customer"])[0] == 409


def test_a_verdict_with_a_long_name_of_a_virus_fits(settings, tmp_path):
    with lying(tmp_path, b"stream: " + b"V" * 1_000 + b" FOUND\0") as settings.CLAMD_ADDRESS:
        finding = check_file(SimpleUploadedFile("a.txt", b"hola")).finding

    assert finding == Finding(Scan.INFECTED, "V" * 200)


@pytest.mark.usefixtures("away")
def test_a_scanner_that_is_switched_off_meanwhile_lets_nothing_through(laura, browsers, settings):
    conversing(laura)
    waits = send(TEXT.encode())
    settings.CLAMD_ADDRESS = ""

    assert check_waiting(NOW) == 0
    assert download(waits, browsers["customer"])[0] == 409


@pytest.mark.usefixtures("away")
def test_a_file_whose_bytes_are_gone_keeps_no_other_from_being_scanned(laura, settings, clamd):
    conversing(laura)
    gone, other = send(TEXT.encode(), "uno.txt"), send(TEXT.encode(), "dos.txt")
    default_storage.delete(gone.content.name)
    settings.CLAMD_ADDRESS = clamd

    assert check_waiting(NOW) == 1
    assert Attachment.objects.get(pk=other.pk).scan == Scan.CLEAN
    assert Attachment.objects.get(pk=gone.pk).scan == Scan.WAITING


@pytest.mark.usefixtures("away")
@pytest.mark.django_db(transaction=True)
def test_two_clocks_settle_and_tell_once(laura):
    session = conversing(laura)
    waits = send(INFECTED)
    finding = Finding(Scan.INFECTED, NAME)

    def verdict():
        return settle(attachment=Attachment.objects.get(pk=waits.pk), finding=finding, now=NOW)

    assert sorted(at_once([verdict, verdict])) == [False, True]
    assert rules_of(session).count("file.infected") == 1
    assert len(stored()) == 1
    assert kept(stored()[0]) == INFECTED


@pytest.mark.usefixtures("away")
def test_a_verdict_that_cannot_be_stored_leaves_the_file_where_it_was(laura, monkeypatch):
    conversing(laura)
    waits = send(INFECTED)
    before = stored()

    def fail(*_args):
        raise RuntimeError

    monkeypatch.setattr("chat.services.scans.tell_scan", fail)
    with pytest.raises(RuntimeError):
        settle(attachment=waits, finding=Finding(Scan.INFECTED, NAME), now=NOW)

    assert stored() == before
    assert Attachment.objects.get(pk=waits.pk).scan == Scan.WAITING


def test_a_scanner_over_the_network_is_asked_alike(settings, monkeypatch):
    """By host and port; nobody listens there, so that the file waits."""
    settings.CLAMD_ADDRESS = "127.0.0.1:1"

    assert not scanning.answers()
    assert check_file(SimpleUploadedFile("a.txt", b"hola")).finding == Finding(Scan.WAITING)


@pytest.mark.usefixtures("away")
@pytest.mark.django_db(transaction=True)
async def test_both_sides_read_the_verdict_of_the_running_clock_at_once(laura, settings, clamd):
    """The clock asks in a thread of its own; its news reach the sockets of this very process."""
    session = await do(attended, laura)
    await do(send, INFECTED)
    async with customer_socket(ANA) as customer, agent_socket(laura) as agent:
        await customer.follow_live(session.pk, 0)
        await agent.follow_live(session.pk, 0)
        settings.CLAMD_ADDRESS = clamd
        stop = asyncio.Event()
        clock = asyncio.create_task(run_clock(stop))
        try:
            for side in (customer, agent):
                verdict = await side.next("attachment.scanned")
                assert verdict["attachment"]["scan"] == "infected"
                line = await side.next("message.created")
                while line["rule"] != "file.infected":
                    line = await side.next("message.created")
                assert NAME in line["text"]
        finally:
            stop.set()
            await clock
