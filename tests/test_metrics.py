"""What /metrics shows, read as Prometheus reads it."""

import urllib.error
import urllib.request
import uuid
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from post_office.models import Email
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from chat import services
from chat.consumers.base import open_sockets
from chat.files import FileRefused, PrivateKeyRefused, check_file
from chat.models import ChatSession
from core import mail, measures
from core.limits import LimitExceeded, check_limit
from facturando_support import clock, metrics
from tests import servers
from tests.chat import real_files
from tests.chat.factories import AgentFactory
from tests.chat.factories import start as start_chat

pytestmark = pytest.mark.django_db

TOKEN = "a-token-that-nobody-guesses"
READER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _shown(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    settings.HOURS = "open"


def read(text: str) -> dict[str, float]:
    """Samples by name and labels, without the label that every sample has."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("process")
            found[sample.name + "".join(f" {name}={value}" for name, value in sorted(labels.items()))] = (
                sample.value
            )
    return found


def scraped() -> dict[str, float]:
    response = Client().get("/metrics", headers=READER)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    return read(response.content.decode())


class Grown:
    """By how much a count has grown since the test began."""

    def __init__(self) -> None:
        self.before = scraped()

    def __getitem__(self, name: str) -> float:
        return scraped().get(name, 0.0) - self.before.get(name, 0.0)


# --- Who may read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shown", [None, "", TOKEN, f"bearer {TOKEN}", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer ñ"]
)
def test_without_the_token_there_is_nothing(shown):
    headers = {} if shown is None else {"authorization": shown}
    response = Client().get("/metrics", headers=headers)

    assert (response.status_code, response.content) == (404, b"")


def test_without_a_token_in_the_settings_there_is_nothing_for_anybody(settings):
    settings.METRICS_TOKEN = ""

    for shown in ("Bearer ", "Bearer", f"Bearer {TOKEN}"):
        assert Client().get("/metrics", headers={"authorization": shown}).status_code == 404


def test_it_is_read_from_inside_whatever_host_and_scheme(settings):
    settings.SECURE_SSL_REDIRECT = True

    response = Client().get("/metrics", headers=READER | {"host": "10.0.0.7:8001"})

    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]


def test_every_sample_has_the_name_of_its_process(monkeypatch):
    monkeypatch.setattr(metrics, "_name", "web-8001")

    text = Client().get("/metrics", headers=READER).content.decode()

    names = {
        sample.labels["process"]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert names == {"web-8001"}


# --- Where the service stands ---------------------------------------------------------------------------


def test_nothing_happens_yet():
    found = scraped()

    for name in ("open_sockets", "waiting_chats", "active_chats", "mail_queued", "mail_oldest_seconds"):
        assert found[f"facturando_{name}"] == 0
    assert found["facturando_due_seconds_late work=chat.end"] == 0
    assert found["facturando_database_up"] == 1
    assert found["process_open_fds"] > 0


def test_chats_that_wait_and_that_are_attended():
    now = timezone.now()
    agent = AgentFactory.create(last_seen_at=now)
    session = start_chat(now=now)

    assert (scraped()["facturando_waiting_chats"], scraped()["facturando_active_chats"]) == (1, 0)

    services.accept_chat(session=session, agent=agent, now=now)
    assert (scraped()["facturando_waiting_chats"], scraped()["facturando_active_chats"]) == (0, 1)


def test_sockets_of_this_process(monkeypatch):
    counted = {"address 203.0.113.7": 3, "address 203.0.113.8": 1, "visitor 7": 3}
    for who, count in counted.items():
        monkeypatch.setitem(open_sockets, who, count)

    assert scraped()["facturando_open_sockets"] == 4


def test_mail_that_waits_to_be_sent():
    for _twice in range(2):
        mail.queue_mail(to="ana@contadores.com.mx", template="chat_transcript", context={}, subject="Copia")
    Email.objects.filter(pk=Email.objects.earliest("pk").pk).update(
        created=timezone.now() - timedelta(hours=1)
    )

    assert scraped()["facturando_mail_queued"] == 2
    assert 3600 <= scraped()["facturando_mail_oldest_seconds"] < 3660

    mail.send_queued()
    assert scraped()["facturando_mail_queued"] == 0
    assert scraped()["facturando_mail_oldest_seconds"] == 0


def test_work_that_the_clock_has_not_done_is_late(settings):
    now = timezone.now()
    chat = start_chat(now=now - settings.CHAT_OFFER_MESSAGE - timedelta(seconds=90))
    found = scraped()
    assert 90 <= found["facturando_due_seconds_late work=chat.offer"] < 120

    services.accept_chat(session=chat, agent=AgentFactory.create(last_seen_at=now), now=now)
    silent_since = now - settings.CHAT_INACTIVITY_END - timedelta(seconds=40)
    ChatSession.objects.update(customer_turn_since=silent_since)
    found = scraped()
    assert found["facturando_due_seconds_late work=chat.offer"] == 0
    assert 40 <= found["facturando_due_seconds_late work=chat.end"] < 70
    warning_earlier = settings.CHAT_INACTIVITY_END - settings.CHAT_INACTIVITY_WARNING
    assert found["facturando_due_seconds_late work=chat.warn"] >= 40 + warning_earlier.total_seconds()


def test_a_round_of_the_clock_leaves_its_time_and_what_failed(monkeypatch):
    def break_down(_now: object) -> None:
        raise ZeroDivisionError

    break_down.__qualname__ = "break_down"
    monkeypatch.setattr(clock, "due_acts", lambda: [break_down])
    grown = Grown()

    async_to_sync(clock.run_round)(timezone.now() - timedelta(seconds=7))

    assert grown["facturando_clock_round_seconds_count"] == 1
    assert grown["facturando_clock_failed_acts_total act=break_down"] == 1
    assert 7 <= scraped()["facturando_clock_seconds_since_round"] < 30


def test_a_database_that_is_away_hides_no_other_figure(monkeypatch):
    def refuse(*_args: object) -> None:
        raise OperationalError

    monkeypatch.setattr(metrics, "_rows", refuse)
    found = scraped()

    assert found["facturando_database_up"] == 0
    assert "facturando_waiting_chats" not in found
    assert found["process_resident_memory_bytes"] > 0


# --- What is counted ------------------------------------------------------------------------------------


def test_storing_a_line_is_timed():
    grown = Grown()
    session = start_chat(now=timezone.now())
    draft = services.Draft(text="La serie A", client_id=uuid.uuid4())

    services.post_message(session=session, author=services.Author(), draft=draft, now=timezone.now())

    # The first words, and the line.
    assert grown["facturando_store_seconds_count"] == 2
    assert 0 < grown["facturando_store_seconds_sum"] < 60


def test_a_limit_that_is_exceeded_is_counted_by_its_name(settings):
    settings.LIMITS = {"letters": "1/3600"}
    grown = Grown()

    check_limit("letters", "somebody")
    with pytest.raises(LimitExceeded):
        check_limit("letters", "somebody")

    assert grown["facturando_limits_exceeded_total limit=letters"] == 1


def test_uploads_that_are_refused_are_counted_by_their_reason():
    grown = Grown()

    with pytest.raises(FileRefused):
        check_file(SimpleUploadedFile("programa.exe", real_files.EXE))
    with pytest.raises(PrivateKeyRefused):
        check_file(SimpleUploadedFile("fiel.key", real_files.rsa_key("DER", "PKCS8", encrypted=True)))

    assert grown["facturando_refusals_total code=file.refused"] == 1
    assert grown["facturando_refusals_total code=file.private-key"] == 1


def test_no_label_holds_what_somebody_typed():
    secret = "ocelote-marrón"
    start_chat(now=timezone.now(), text=secret)

    assert secret not in Client().get("/metrics", headers=READER).content.decode()


def test_a_delivery_of_a_clock_that_is_behind_counts_as_none():
    grown = Grown()

    measures.delivered((timezone.now() + timedelta(seconds=5)).isoformat())

    assert grown["facturando_deliver_seconds_count"] == 1
    assert grown["facturando_deliver_seconds_sum"] == 0


# --- Beside a process without pages ---------------------------------------------------------------------


@pytest.fixture
def beside():
    """The address of the metrics on a port of their own."""
    port = servers.free_port()
    stop = metrics.show_beside("127.0.0.1", port)
    yield f"http://127.0.0.1:{port}"
    stop()


def get(url: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as response:  # noqa: S310 - our own
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.django_db(transaction=True)
def test_a_process_without_pages_shows_the_same_to_the_same_readers(beside):
    status, text = get(f"{beside}/metrics", Authorization=f"Bearer {TOKEN}")

    assert status == 200
    assert read(text)["facturando_database_up"] == 1
    assert get(f"{beside}/metrics") == (404, "")
    assert get(f"{beside}/", Authorization=f"Bearer {TOKEN}") == (404, "")
