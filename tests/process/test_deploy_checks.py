"""A wrong production setting is told by `check --deploy` and by /readyz before a customer meets it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.checks import WARNING, CheckMessage, run_checks
from django.db import OperationalError, connection, connections
from django.test import Client
from django.utils import timezone

from chat.models import Agent
from facturando_support import checks, clock
from tests import servers
from tests.rounds import do_round
from tests.servers import ROOT

pytestmark = pytest.mark.django_db

GOOD_LIMITS = {"letters": "30/3600"}


@pytest.fixture(autouse=True)
def production(settings, monkeypatch, tmp_path) -> Any:
    """Everything as it should be; each test breaks one thing."""
    settings.DEBUG = False
    settings.IS_HTTPS = True
    settings.REDIS_URL = ""
    settings.LIMITS = GOOD_LIMITS
    settings.TRUSTED_PROXIES = 1
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": {}}}
    settings.DEFAULT_FROM_EMAIL = "Soporte <soporte@facturando.mx>"
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "staticfiles.json").touch()
    monkeypatch.setattr(clock, "due_acts", list)
    do_round(timezone.now())
    return settings


def told() -> dict[str, CheckMessage]:
    """What `check --deploy` says of ours, by id, without what the suite's own engines are told."""
    found = run_checks(include_deployment_checks=True)
    ours = {str(message.id): message for message in found if str(message.id).startswith("facturando.")}
    if connection.vendor != "sqlite":
        ours.pop("facturando.W003", None)
    return ours


def readiness() -> tuple[int, dict[str, Any]]:
    response = Client().get("/readyz")
    answer = json.loads(response.content)
    if connection.vendor != "sqlite":
        answer["warned"] = [name for name in answer.get("warned", ()) if name != "layer"]
    return response.status_code, answer


def is_told(message_id: str, name: str, word: str) -> None:
    """The one complaint has this id, a hint and the word, and readiness names it as its level says."""
    [(found_id, message)] = told().items()
    assert found_id == message_id
    assert message.hint
    assert word in message.msg
    status, answer = readiness()
    if message.level > WARNING:
        assert (status, answer["wrong"]) == (503, [name])
    else:
        assert (status, answer["wrong"], answer["warned"]) == (200, [], [name])


def test_what_is_as_it_should_be_gets_no_complaint():
    assert told() == {}
    status, answer = readiness()
    assert (status, answer["wrong"]) == (200, [])


def test_debug(production):
    production.DEBUG = True

    is_told("facturando.E001", "debug", "DEBUG is on")


def test_a_demo_account_with_its_known_password(production):
    demo = Agent.objects.create_user("agente1", password="facturando-demo")

    is_told("facturando.E002", "demo-accounts", "agente1")

    demo.set_password("otra cosa, y larga")
    demo.save()
    assert told() == {}


def test_a_disabled_demo_account_is_no_door():
    Agent.objects.create_user("agente1", password="facturando-demo", is_active=False)

    assert told() == {}


def test_several_processes_that_would_not_hear_each_other(monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "4")

    is_told("facturando.E003", "layer", "4 processes")


def test_a_database_server_without_redis_is_a_warning(monkeypatch):
    monkeypatch.setattr(connections["default"], "vendor", "postgresql")

    [message] = checks.check_layer()

    assert (message.id, message.level) == ("facturando.W003", WARNING)


@pytest.mark.parametrize("limit", ["0/60", "30/0", "30", "many/60", "-1/60", ""])
def test_a_limit_that_nobody_passes_or_nobody_can_read(production, limit):
    production.LIMITS = GOOD_LIMITS | {"chats_per_address": limit}

    is_told("facturando.E004", "limits", "LIMIT_CHATS_PER_ADDRESS")


def test_a_limit_that_is_none(production):
    production.LIMITS = GOOD_LIMITS | {"chats_per_address": "1000000/60"}

    is_told("facturando.W004", "limits", "1000000/60")


def test_a_size_of_nothing(production):
    production.CHAT_MAX_UPLOAD_BYTES = 0

    is_told("facturando.E005", "limits", "CHAT_MAX_UPLOAD_BYTES")


def test_https_without_a_trusted_proxy(production):
    production.TRUSTED_PROXIES = 0

    is_told("facturando.E006", "proxies", "TRUSTED_PROXIES is 0")


def test_https_that_the_product_would_not_see(production):
    production.SECURE_PROXY_SSL_HEADER = None

    is_told("facturando.E007", "proxies", "BEHIND_PROXY is off")


def test_time_zones_from_before_mexico_dropped_daylight_saving(monkeypatch):
    # Its neighbour still keeps the rule that Mexico had.
    monkeypatch.setattr(checks, "MEXICO_CITY", ZoneInfo("America/Chicago"))

    is_told("facturando.E008", "time-zones", "before the end of 2022")


def test_time_zones_that_have_grown_old():
    year = int(checks.tzdata.IANA_VERSION[:4])
    with time_machine.travel(f"{year + 1}-12-31T12:00:00Z", tick=False):
        do_round(timezone.now())
        assert told() == {}
    with time_machine.travel(f"{year + 2}-01-02T12:00:00Z", tick=False):
        do_round(timezone.now())
        is_told("facturando.W008", "time-zones", "what changed since")


def test_mail_that_would_stay_in_files(production):
    production.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.filebased.EmailBackend"}}

    is_told("facturando.E009", "mail", "no EMAIL_URL")


@pytest.mark.parametrize(
    "sender",
    ["Soporte <soporte@facturando.example>", "soporte@localhost", "soporte@example.com", "soporte", ""],
)
def test_a_sender_that_is_made_up(production, sender):
    production.DEFAULT_FROM_EMAIL = sender

    is_told("facturando.E010", "mail", "made up")


@pytest.mark.parametrize("seconds", [None, 31])
def test_a_clock_that_does_not_run(production, monkeypatch, seconds):
    production.REDIS_URL = "redis://127.0.0.1:1"
    monkeypatch.setattr(checks, "seconds_since_round", lambda _now: seconds)

    [message] = told().values()
    status, answer = readiness()

    assert (message.id, message.level) == ("facturando.W011", WARNING)
    assert (status, answer["wrong"]) == (503, ["clock"])


def test_a_folder_that_takes_no_files(production, tmp_path):
    (tmp_path / "file").touch()
    production.MEDIA_ROOT = tmp_path / "file" / "media"

    is_told("facturando.E012", "media", "cannot be stored")


def test_a_database_that_does_not_answer(monkeypatch):
    def refuse(*_args: Any) -> None:
        raise OperationalError("password=secret")

    monkeypatch.setattr(checks, "MigrationExecutor", refuse)

    is_told("facturando.E013", "migrations", "does not answer")


def test_migrations_that_are_still_to_be_run(monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(name) FROM django_migrations WHERE app = 'chat'")
        (newest,) = cursor.fetchone()
        cursor.execute("DELETE FROM django_migrations WHERE app = 'chat' AND name = %s", [newest])

    is_told("facturando.E014", "migrations", "behind the program by 1")


def test_static_files_that_were_not_collected(tmp_path):
    (tmp_path / "staticfiles.json").unlink()

    is_told("facturando.E015", "static-files", "no page could be shown")


def test_a_token_that_can_be_guessed(production):
    production.METRICS_TOKEN = "secreto"

    is_told("facturando.W016", "metrics", "METRICS_TOKEN")


def test_development_is_left_in_peace(production):
    production.DEBUG = True
    production.IS_HTTPS = False
    production.DEFAULT_FROM_EMAIL = ""

    status, answer = readiness()
    assert (status, answer["wrong"]) == (200, [])
    assert not answer.get("warned")


def test_readiness_tells_names_and_the_log_tells_why(production, caplog):
    production.DEFAULT_FROM_EMAIL = "soporte@facturando.example"

    answer = Client().get("/readyz").content.decode()

    assert "made up" not in answer
    assert "facturando.E010" in caplog.text


def test_machines_are_answered_whatever_host_they_ask_for(production):
    client = Client(headers={"host": "10.0.0.7:8001"})

    assert client.get("/healthz").content == b"ok"
    assert client.get("/readyz").status_code == 200


@pytest.mark.process
def test_the_command_fails_on_a_real_installation_with_all_its_sentences(tmp_path):
    wrong = {"DEBUG": "on", "PUBLIC_URL": "https://soporte.example", "LIMIT_CHATS_PER_ADDRESS": "0/1"}
    env = servers.product_env(tmp_path, 8000, wrong | {"HOURS": "real"})
    for command in (["migrate", "-v0"], ["demo"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL
        )

    result = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    for number in ("E001", "E002", "E004", "E006", "E007", "E009", "E010"):
        assert f"(facturando.{number})" in result.stderr
    assert Path(tmp_path / "media").is_dir()
