"""Readiness names what is wrong and tells no secret."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import RequestFactory
from django.utils import timezone

from facturando_support import clock, health
from tests.rounds import do_round

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _idle_clock(monkeypatch):
    monkeypatch.setattr(clock, "due_acts", list)


@pytest.fixture(autouse=True)
def _development(settings):
    """Settings are judged in production alone (test_deploy_checks)."""
    settings.DEBUG = True


def readiness() -> tuple[int, Any]:
    response = health.ready(RequestFactory().get("/readyz"))
    return response.status_code, json.loads(response.content)["wrong"]


def test_everything_works():
    do_round(timezone.now())

    assert readiness() == (200, [])


def test_a_clock_that_never_ran():
    assert readiness() == (503, ["clock"])


def test_a_clock_that_stopped():
    do_round(timezone.now() - timedelta(seconds=31))

    assert readiness() == (503, ["clock"])


def test_a_database_that_does_not_answer(monkeypatch):
    def refuse() -> bool:
        raise OperationalError("password=secret")

    monkeypatch.setattr(health, "_database_answers", refuse)
    do_round(timezone.now())

    assert readiness() == (503, ["database"])


def test_a_redis_that_does_not_answer(monkeypatch, settings):
    def refuse() -> bool:
        raise ConnectionRefusedError

    settings.REDIS_URL = "redis://127.0.0.1:1"
    monkeypatch.setattr(health, "_redis_answers", refuse)
    do_round(timezone.now())

    assert readiness() == (503, ["redis"])


@pytest.mark.django_db(databases=[])
def test_liveness_asks_nobody():
    assert health.live(RequestFactory().get("/healthz")).content == b"ok"
