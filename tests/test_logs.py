"""The log is one JSON object a line, tells which request it was, and holds no person's data."""

import io
import json
import logging
import re
import smtplib
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.conf import settings as project
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from chat import services
from chat.links import link_to
from chat.models import ChatSession
from core import mail
from facturando_support import logs
from facturando_support.logs import JsonFormatter, PlainFormatter
from tests.chat import real_files
from tests.chat.factories import ANA, AgentFactory, ProgramFactory
from tests.chat.factories import start as start_chat
from tests.chat.sockets import customer_socket, do, refused_socket

NAME = "Xóchitl Quetzalpantli"
EMAIL = "xochitl.q@contadores.com.mx"
RFC = "QUXX800101AB1"
LEGAL_NAME = "Zanahorias Violeta SC"
TEXT = "La contraseña del portal es ocelote-marrón"
FILE_NAME = "recibo de nómina tlacuache.txt"
TYPED = [NAME, "Quetzalpantli", EMAIL, "xochitl", RFC, LEGAL_NAME, "Zanahorias", TEXT, "ocelote", "tlacuache"]
ADDRESS = "203.0.113.77"

type Entry = dict[str, Any]


class Log:
    """What production would have written."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def entries(self) -> list[Entry]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def of(self, logger: str) -> list[Entry]:
        return [entry for entry in self.entries if entry["logger"] == logger]


@pytest.fixture
def log() -> Iterator[Log]:
    """Everything that anybody logs, down to the least of it, in the form of production."""
    kept = Log()
    handler = logging.StreamHandler(kept.stream)
    handler.setFormatter(JsonFormatter())
    loggers = {name: logging.getLogger(name) for name in ("", "facturando_support.requests", "post_office")}
    levels = {name: logger.level for name, logger in loggers.items()}
    loggers[""].addHandler(handler)
    loggers["post_office"].addHandler(handler)
    for logger in loggers.values():
        logger.setLevel(logging.DEBUG)
    yield kept
    for name, logger in loggers.items():
        logger.setLevel(levels[name])
        logger.removeHandler(handler)


@pytest.fixture
def support(settings, tmp_path, db) -> None:
    settings.HOURS = "open"
    settings.MEDIA_ROOT = tmp_path / "media"


class Watched(Client):
    """A browser that remembers every address it was sent to or shown, and every page of an error."""

    def __init__(self) -> None:
        super().__init__(raise_request_exception=False, REMOTE_ADDR=ADDRESS)
        self.addresses: list[str] = []
        self.errors: list[str] = []

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        page = b"".join(response) if response.streaming else response.content
        self.addresses += [request.get("PATH_INFO", ""), request.get("QUERY_STRING", "")]
        self.addresses += [response.headers.get("Location", ""), response.headers.get("Refresh", "")]
        self.addresses += re.findall(
            r'\b(?:href|src|action|data-url)="([^"]*)"', page.decode(errors="replace")
        )
        if response.status_code >= 400 and response.status_code != 422:
            self.errors.append(page.decode(errors="replace"))
        return response


def line(**changes: Any) -> dict[str, Any]:
    ids = {"client_id": str(uuid.uuid4()), "file_client_id": str(uuid.uuid4())}
    return ids | {"text": ""} | changes


def whole_chat(customer: Watched, agent: Watched) -> ChatSession:
    """From the first word to the link in the mail, with everything refused once on the way."""
    laura = AgentFactory.create(username="laura")
    ProgramFactory.create()
    agent.force_login(laura)
    started = line(name=NAME, email=EMAIL, text=TEXT)
    identification = {
        "rfc": RFC,
        "legal_name": LEGAL_NAME,
        "program": "CFDI Escritorio",
        "program_version": "5",
    }
    text_file = SimpleUploadedFile(FILE_NAME, TEXT.encode())
    key = SimpleUploadedFile("tlacuache.key", real_files.rsa_key("DER", "PKCS8", encrypted=True))
    customer.get("/chat/")
    customer.post("/chat/iniciar/", {"text": TEXT})
    customer.post("/chat/iniciar/", started | {"email": "xochitl@"})
    customer.post("/chat/iniciar/", started)
    session = ChatSession.objects.get()
    agent.get("/agente/")
    agent.post(f"/agente/chat/{session.folio}/atender/")
    customer.post("/chat/mensajes/", line(text=TEXT))
    customer.post("/chat/identificacion/", identification | {"rfc": "XOCHITL"})
    customer.post("/chat/identificacion/", identification)
    customer.post("/chat/mensajes/", line(text=TEXT))
    customer.post("/chat/mensajes/", line(file=text_file))
    customer.post("/chat/mensajes/", line(file=key))
    customer.post("/chat/ordenes/", {"type": TEXT}, content_type="application/json")
    customer.post("/chat/ordenes/", TEXT, content_type="application/json")
    customer.get("/chat/eventos/", {"after": TEXT})
    agent.post(f"/agente/chat/{session.folio}/mensajes/", line(text=TEXT))
    [attachment] = [message.attachment for message in session.messages.filter(is_file=True)]
    customer.get(f"/chat/archivo/{attachment.public_id.hex}/")
    agent.get(f"/agente/archivo/{attachment.public_id.hex}/")
    agent.get(f"/agente/chat/{session.folio}/")
    customer.get("/chat/conversacion/")
    customer.post("/chat/finalizar/")
    customer.post("/chat/copia/")
    customer.post("/chat/calificacion/", {"rating": "bad", "comment": TEXT})
    customer.post("/chat/otro/")
    customer.post("/mensaje/", line(name=NAME, email=EMAIL, rfc=RFC, text=TEXT))
    for address in (
        f"/{NAME}/{EMAIL}/",
        f"/chat/anterior/{NAME}/",
        f"/chat/enlace/{EMAIL}/",
        f"/static/{RFC}",
    ):
        customer.get(address + f"?q={TEXT}")
    session.refresh_from_db()
    Watched().get(link_to(session).removeprefix(project.PUBLIC_URL))
    return session


def holds(text: str) -> list[str]:
    """What of all that was typed is in a text, however it is written there."""
    plain = unquote(text.encode().decode("unicode_escape", errors="ignore")) + unquote(text)
    return [typed for typed in [*TYPED, ADDRESS] if typed.lower() in plain.lower()]


def all_of(entries: list[Entry]) -> str:
    return "\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)


def test_a_whole_chat_leaves_nothing_of_the_customer_in_the_log(support, log):
    customer, agent = Watched(), Watched()

    session = whole_chat(customer, agent)

    assert session.rating == "bad"
    assert len(log.of("facturando_support.requests")) >= 30
    assert holds(all_of(log.entries)) == []
    # Its signature: what comes before it is short enough to stand anywhere by chance.
    assert link_to(session).split("/")[-2].split(":")[-1] not in all_of(log.entries)


def test_a_whole_chat_puts_nothing_of_the_customer_into_an_address_or_a_page_of_an_error(support, log):
    customer, agent = Watched(), Watched()

    whole_chat(customer, agent)

    shown = [address for address in customer.addresses + agent.addresses if address]
    # What the test itself asked for at the end.
    shown = [address for address in shown if "Quetzalpantli" not in unquote(address) and "q=" not in address]
    shown = [address for address in shown if not address.startswith(("/chat/enlace/", f"/static/{RFC}"))]
    assert len(shown) > 100
    assert [address for address in shown if holds(address) and "after=" not in address] == []
    assert customer.errors
    assert holds("\n".join(customer.errors)) == []


def test_an_error_shows_and_logs_nothing_of_what_was_typed(support, log, monkeypatch):
    def fail(**given: Any) -> None:
        secret = given["draft"].text
        raise ValueError(f"cannot store {secret!r}") from KeyError(secret)

    customer, agent = Watched(), Watched()
    whole_chat(customer, agent)
    customer.post("/chat/iniciar/", line(name=NAME, email=EMAIL, text=TEXT))
    monkeypatch.setattr(services, "post_message", fail)

    response = customer.post("/chat/mensajes/", line(text=TEXT))

    [entry] = [entry for entry in log.of("django.request") if entry["status"] == 500]
    assert response.status_code == 500
    assert holds(response.content.decode()) == []
    assert holds(all_of(log.entries)) == []
    assert [error["type"] for error in entry["error"]] == ["ValueError", "KeyError"]
    assert entry["error"][0]["stack"][-1].startswith("tests/test_logs.py:")
    assert entry["error"][0]["stack"][-1].endswith(" fail")
    assert entry["route"] == "chat:send"


def test_a_mail_server_that_refuses_is_logged_without_the_address(support, log, monkeypatch):
    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise smtplib.SMTPRecipientsRefused({EMAIL: (550, f"no such user {EMAIL}".encode())})

    mail.queue_mail(to=EMAIL, template="chat_transcript", context={"lines": [], "folio": "C"}, subject=TEXT)
    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)

    mail.send_queued()

    [failed] = [entry for entry in log.of("post_office") if "error" in entry]
    assert failed["error"][0]["type"] == "SMTPRecipientsRefused"
    assert holds(all_of(log.entries)) == []


# --- One request ----------------------------------------------------------------------------------------


def test_each_request_is_one_entry_with_its_route_its_status_and_its_time(support, log):
    response = Client().get("/ayuda/?q=secreto")

    [entry] = log.of("facturando_support.requests")
    assert entry["route"] == "help"
    assert entry["status"] == 200
    assert entry["milliseconds"] > 0
    assert entry["request"] == response["X-Request-ID"]
    assert "secreto" not in all_of([entry])


def test_what_machines_ask_every_few_seconds_is_not_logged_as_such(support, log):
    for address in ("/healthz", "/readyz", "/metrics"):
        Client().get(address)

    assert {entry["level"] for entry in log.of("facturando_support.requests")} == {"DEBUG"}


def test_a_request_about_a_chat_names_its_folio(support, log):
    customer = Watched()
    customer.get("/chat/")
    customer.post("/chat/iniciar/", line(name=NAME, email=EMAIL, text=TEXT))

    customer.get("/chat/eventos/", {"after": "0"})

    last = log.of("facturando_support.requests")[-1]
    assert (last["route"], last["chat"]) == ("chat:poll", ChatSession.objects.get().folio)


def test_the_next_request_of_the_same_thread_is_about_nobody(support, log):
    customer = Watched()
    customer.get("/chat/")
    customer.post("/chat/iniciar/", line(name=NAME, email=EMAIL, text=TEXT))
    customer.get("/chat/")
    Client().get("/ayuda/")

    assert "chat" not in log.of("facturando_support.requests")[-1]


def test_every_response_has_a_number_of_its_own(support):
    client = Client()

    numbers = {client.get(address)["X-Request-ID"] for address in ("/ayuda/", "/nada/", "/healthz", "/chat/")}

    assert len(numbers) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", number) for number in numbers)


def test_a_proxy_gives_the_number_and_nobody_else_does(support, settings):
    number = "0123456789abcdef" * 2
    client = Client(headers={"x-request-id": number})

    settings.TRUSTED_PROXIES = 1
    assert client.get("/healthz")["X-Request-ID"] == number
    assert client.get("/healthz", headers={"x-request-id": "Ana\n" + number})["X-Request-ID"] != number
    settings.TRUSTED_PROXIES = 0
    assert client.get("/healthz")["X-Request-ID"] != number


def test_a_response_of_an_error_is_logged_once_with_its_route(support, log, monkeypatch):
    Client().get("/chat/anterior/C-000000/")

    [entry] = log.of("django.request")
    assert (entry["message"], entry["route"], entry["status"]) == ("…: …", "chat:past", 404)


@pytest.mark.django_db(transaction=True)
async def test_a_socket_is_one_entry_with_its_chat_and_the_code_it_ended_with(settings, log):
    settings.HOURS = "open"
    session = await do(start_chat, ANA, now=timezone.now())
    async with customer_socket(ANA):
        pass
    async with refused_socket("/ws/chat/") as stranger:
        await stranger.close_code()

    first, second = [entry for entry in log.of("facturando_support.requests") if "socket" in entry["route"]]
    assert (first["route"], first["chat"]) == ("customer-socket", session.folio)
    assert (second["code"], "chat" in second) == (4404, False)
    assert first["request"] != second["request"]


# --- One entry ------------------------------------------------------------------------------------------


def record(name: str, message: Any, *args: Any, error: BaseException | None = None) -> logging.LogRecord:
    error_info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.WARNING, "file.py", 1, message, args, error_info)


def entry_of(*args: Any, **kwargs: Any) -> Entry:
    return json.loads(JsonFormatter().format(record(*args, **kwargs)))


BREAKS = ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\x0b", "\x1e"]


@pytest.mark.parametrize("line_break", BREAKS)
def test_no_line_break_begins_another_entry(line_break):
    forged = f'a{line_break}{{"level": "INFO", "message": "forged"}}'

    for written in (
        JsonFormatter().format(record("chat.events", "Said: %s", forged)),
        JsonFormatter().format(record("library", forged)),
        PlainFormatter("{message}", style="{").format(record("library", "Said: %s", forged)),
    ):
        assert len(written.splitlines()) == 1


def test_our_own_entries_say_what_they_mean():
    assert entry_of("core.acts", "The clock's act %s failed.", "end_silent of row 7")["message"] == (
        "The clock's act end_silent of row 7 failed."
    )


def test_of_a_library_only_the_numbers_are_shown():
    assert entry_of("library", "%s at %s waited %d s", NAME, ADDRESS, 7)["message"] == "… at … waited 7 s"
    assert entry_of("library", "%(who)s waited", {"who": NAME})["message"] == "… waited"
    assert entry_of("library", "%d mails", NAME)["message"] == "%d mails"


def test_of_a_library_nothing_after_the_first_line_is_shown():
    message = f"Task exception was never retrieved\nfuture: <Task exception=ValueError('{TEXT}')>"

    assert entry_of("asyncio", message)["message"] == "Task exception was never retrieved"


def test_a_library_that_writes_the_error_into_its_message_is_not_believed():
    error = ValueError(TEXT)

    assert entry_of("daphne", f"Exception inside application: {TEXT}", error=error)["message"] == (
        "Exception inside application: ValueError"
    )
    assert entry_of("daphne", error)["message"] == "ValueError"


def test_a_library_that_writes_the_traceback_itself_is_described_instead():
    try:
        raise ValueError(TEXT)
    except ValueError:
        entry = entry_of("daphne.http_protocol", "Traceback (most recent call last):\n" + TEXT)

    assert entry["message"] == "Traceback (most recent call last):"
    assert entry["error"][0]["type"] == "ValueError"


def test_codes_of_an_error_are_told_and_words_are_not():
    refused = ConnectionRefusedError(111, f"refused for {NAME}")
    broken = services.ChatEnded()
    mail_error = smtplib.SMTPSenderRefused(451, b"try later", EMAIL)

    assert entry_of("chat", "Failed.", error=refused)["error"] == [
        {"type": "ConnectionRefusedError", "errno": 111, "stack": []}
    ]
    assert entry_of("chat", "Failed.", error=broken)["error"][0]["code"] == "chat.ended"
    assert entry_of("chat", "Failed.", error=mail_error)["error"][0]["smtp_code"] == 451


def test_a_chain_that_bites_its_tail_ends():
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first

    assert len(logs.described(first)) == 2


def test_what_ends_a_thread_goes_to_the_log_without_its_text(log, monkeypatch):
    import threading

    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    logs.log_failed_threads()

    def fail() -> None:
        raise ValueError(TEXT)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    [entry] = log.of("facturando_support.logs")
    assert (entry["message"], entry["error"][0]["type"]) == ("A thread failed.", "ValueError")
    assert holds(all_of(log.entries)) == []


def test_a_route_that_nobody_has_is_none():
    assert logs.route_of(HttpRequest()) is None


def test_time_is_told_in_utc():
    told = entry_of("chat", "Now.")["time"]

    assert told.endswith("+00:00")
    assert abs(timezone.datetime.fromisoformat(told) - timezone.now()) < timedelta(minutes=1)
