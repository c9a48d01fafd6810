"""The clock goes on, whatever one of its acts or the mail server does."""

import asyncio
import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from core import acts
from facturando_support import clock
from tests.rounds import do_round

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(clock, "ROUND_SECONDS", 0.01)
    monkeypatch.setattr(clock, "MAIL_SECONDS", 0.01)
    monkeypatch.setattr(clock, "send_queued", lambda: None)
    monkeypatch.setattr(acts, "_logged_at", {})


def break_down(_now: datetime) -> None:
    raise ZeroDivisionError


async def run_until(condition: Any) -> None:
    """Run the clock until `condition()` holds, then stop it."""
    stop = asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(clock.run_clock(stop))
        while not condition():
            await asyncio.sleep(0)
        stop.set()


def test_an_act_that_fails_stops_no_other_and_is_logged_with_its_reason(monkeypatch, caplog):
    seen: list[datetime] = []
    monkeypatch.setattr(clock, "due_acts", lambda: [break_down, seen.append])

    do_round(NOW)

    assert seen == [NOW]
    assert "break_down failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_an_act_that_keeps_failing_is_logged_once_a_minute(monkeypatch, caplog):
    caplog.set_level(logging.ERROR)
    monkeypatch.setattr(clock, "due_acts", lambda: [break_down])

    for seconds in range(120):
        do_round(NOW + timedelta(seconds=seconds))

    assert len(caplog.records) == 2


def test_a_round_leaves_a_sign_of_life(monkeypatch):
    monkeypatch.setattr(clock, "due_acts", list)
    assert clock.seconds_since_round(NOW) is None

    do_round(NOW)

    assert clock.seconds_since_round(NOW + timedelta(seconds=7)) == 7


@pytest.mark.django_db(transaction=True)
async def test_rounds_follow_each_other_until_the_clock_is_stopped(monkeypatch):
    rounds: list[datetime] = []
    monkeypatch.setattr(clock, "due_acts", lambda: [rounds.append])

    await run_until(lambda: len(rounds) >= 3)

    assert rounds == sorted(rounds)


@pytest.mark.django_db(transaction=True)
async def test_what_a_socket_asks_during_a_round_waits_for_one_act_and_not_for_all(monkeypatch):
    begun, asked = threading.Event(), threading.Event()
    order: list[str] = []

    def first(_now: datetime) -> None:
        begun.set()
        assert asked.wait(10)
        order.append("first")

    monkeypatch.setattr(clock, "due_acts", lambda: [first, lambda _now: order.append("second")])
    a_round = asyncio.create_task(clock.run_round(NOW))
    await asyncio.to_thread(begun.wait, 10)
    line = asyncio.create_task(database_sync_to_async(order.append)("line"))
    # It has been handed over when the loop comes round again.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked.set()
    await asyncio.gather(a_round, line)

    assert order == ["first", "line", "second"]


@pytest.mark.django_db(transaction=True)
async def test_news_of_a_round_reach_the_sockets_of_the_same_process(monkeypatch, memory_layer):
    layer = get_channel_layer()
    await layer.group_add("everybody", "socket")
    announced: list[datetime] = []

    def announce(now: datetime) -> None:
        async_to_sync(layer.group_send)("everybody", {"type": "news"})
        announced.append(now)

    monkeypatch.setattr(clock, "due_acts", lambda: [announce])
    await run_until(lambda: announced)

    assert (await layer.receive("socket"))["type"] == "news"


@pytest.mark.django_db(transaction=True)
async def test_a_mail_server_that_hangs_delays_no_round(monkeypatch):
    rounds: list[datetime] = []
    hangs, answers = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        answers.wait(30)

    monkeypatch.setattr(clock, "send_queued", hang)
    monkeypatch.setattr(clock, "MAIL_FAREWELL_SECONDS", 0.01)
    monkeypatch.setattr(clock, "due_acts", lambda: [rounds.append])

    await run_until(lambda: hangs.is_set() and len(rounds) >= 3)
    answers.set()


@pytest.mark.django_db(transaction=True)
async def test_mail_that_fails_is_tried_again(monkeypatch, caplog):
    attempts: list[int] = []

    def refuse() -> None:
        attempts.append(1)
        raise ConnectionRefusedError

    monkeypatch.setattr(clock, "send_queued", refuse)
    monkeypatch.setattr(clock, "due_acts", list)

    await run_until(lambda: len(attempts) >= 2)

    assert "ConnectionRefusedError" in caplog.text
