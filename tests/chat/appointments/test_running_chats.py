"""A booked hour of somebody who is in a chat already."""

from datetime import timedelta

import pytest

from chat.models import ChatSession
from chat.services import (
    set_available,
)
from scheduling import services as scheduling
from tests.chat.appointments.hour import LAST, TEN, clock_at, come, state_of, the_chat
from tests.chat.factories import (
    ANA,
    BETO,
    AgentFactory,
    accept,
    at,
    fresh,
    identify,
    rules_of,
    start,
    texts_of,
)
from tests.scheduling import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]


def test_whoever_waits_in_the_queue_already_keeps_that_chat(booked, laura):
    chat = start(ANA, now=at("09:50"))
    come(booked, at("09:55"))

    clock_at(TEN, laura)

    assert fresh(chat).agent == laura
    assert fresh(chat).appointment == booked


def test_whoever_is_attended_already_is_not_given_a_second_chat(booked, laura):
    diego = AgentFactory.create(username="diego")
    chat = accept(start(ANA, now=at("09:50")), diego, at("09:51"))
    identify(chat, at("09:52"))
    come(booked, at("09:55"))

    clock_at(TEN, laura, diego)

    assert fresh(chat).agent == diego
    assert ChatSession.objects.count() == 1
    assert state_of(booked) == "attended"


def test_two_appointments_of_one_browser_wait_one_after_the_other(booked, laura):
    second = cast.book(at("10:30"), who=cast.BETO, now=at("08:00"))
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, TEN)
    clock_at(TEN, laura)
    scheduling.arrive(appointment=second, key_hash=ANA.key_hash, now=at("10:25"))

    for second_of_time in range(3):
        clock_at(at("10:30") + timedelta(seconds=second_of_time), laura)

    chat = the_chat()
    assert chat.appointment == booked
    assert [rules_of(chat).count(f"appointment.{rule}") for rule in ("started", "no-agent")] == [1, 1]

    accept(chat, laura, at("10:31"))
    clock_at(at("10:32"), laura)

    assert [state_of(row) for row in (booked, second)] == ["attended", "attended"]
    assert rules_of(chat).count("appointment.started") == 2
    assert second.about in texts_of(chat)


def test_a_booked_hour_that_joins_a_chat_brings_its_question_and_identification(booked, laura):
    diego = AgentFactory.create(username="diego")
    chat = accept(start(ANA, now=at("09:50")), diego, at("09:51"))
    come(booked, at("09:55"))

    clock_at(TEN, laura, diego)

    joined = fresh(chat)
    assert (joined.rfc, joined.program.name, joined.appointment) == (booked.rfc, booked.program, booked)
    assert booked.about in texts_of(chat)
    assert not joined.is_identification_due


@pytest.mark.parametrize("is_attended", [True, False])
def test_whoever_is_in_a_chat_at_the_hour_is_there(booked, laura, is_attended):
    diego = AgentFactory.create(username="diego")
    chat = start(ANA, now=at("09:50"))
    scheduling.admit(booked, ANA.key_hash)
    if is_attended:
        accept(chat, diego, at("09:51"))
    else:
        set_available(agent=laura, is_available=False, now=TEN)
        set_available(agent=diego, is_available=False, now=TEN)

    for minute in (0, 5, 11):
        clock_at(TEN + timedelta(minutes=minute), laura, diego)

    assert state_of(booked) == ("attended" if is_attended else "booked")
    assert fresh(chat).appointment == booked
    assert ChatSession.objects.count() == 1


def test_a_strangers_chat_is_nobodys_arrival(booked, laura):
    start(BETO, now=at("09:50"))
    scheduling.admit(booked, ANA.key_hash)

    clock_at(LAST + timedelta(milliseconds=1), laura)

    assert state_of(booked) == "missed"
