"""The seat that is kept for a booked hour."""

from datetime import timedelta

import pytest

from chat.models import Agent, ChatSession
from chat.services import (
    AgentIsFull,
    SeatIsKept,
    assign_waiting,
    give_sign_of_life,
    set_available,
)
from scheduling import services as scheduling
from tests.chat.appointments.hour import CARLA, TEN, clock_at, come
from tests.chat.factories import (
    BETO,
    accept,
    at,
    fresh,
    start,
)
from tests.scheduling import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]


def test_the_kept_seat_is_taken_neither_from_the_queue_nor_by_assignment(booked, laura):
    waiting = start(BETO, now=at("09:55"))
    give_sign_of_life(agent=laura, now=TEN)

    assert assign_waiting(now=TEN) == 0
    with pytest.raises(AgentIsFull):
        accept(waiting, laura, TEN)

    assert accept(waiting, laura, TEN - timedelta(seconds=1)).agent == laura


def test_an_agent_with_more_seats_keeps_one_and_takes_others(booked, laura):
    Agent.objects.filter(pk=laura.pk).update(capacity=2)
    come(booked, TEN)

    accept(start(BETO, now=at("09:55")), Agent.objects.get(pk=laura.pk), TEN)
    clock_at(TEN, laura)

    assert ChatSession.objects.get(appointment=booked).agent == laura


def test_by_automatic_assignment_a_kept_seat_is_free_for_its_own_customer(booked, laura, settings):
    settings.CHAT_AUTO_ASSIGN = True
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, at("09:55"))
    before = start(BETO, now=at("09:30"))
    clock_at(TEN, laura)
    set_available(agent=laura, is_available=True, now=at("10:05"))

    clock_at(at("10:05"), laura)

    assert ChatSession.objects.get(appointment=booked).agent == laura
    assert fresh(before).is_waiting


def test_an_agent_reads_why_a_free_seat_takes_nobody_else(booked, laura):
    waiting = start(BETO, now=at("09:55"))

    with pytest.raises(SeatIsKept) as still_to_come:
        accept(waiting, laura, TEN)
    come(booked, at("10:04"))
    with pytest.raises(SeatIsKept) as there:
        accept(waiting, laura, at("10:04"))

    assert still_to_come.value.text == f"Su lugar está reservado hasta las 10:10 para la cita {booked.folio}."
    assert there.value.text == (
        f"Su lugar está reservado para la cita {booked.folio}, cuyo cliente ya espera: atiéndalo primero."
    )


def test_of_two_kept_seats_the_earlier_appointment_has_the_first(booked, laura):
    later_one = cast.book(at("10:30"), who=cast.BETO, now=at("08:00"))
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, TEN)
    clock_at(TEN, laura)
    scheduling.arrive(appointment=later_one, key_hash=BETO.key_hash, now=at("10:30"))
    clock_at(at("10:30"), laura)
    first, second = (ChatSession.objects.get(appointment=row) for row in (booked, later_one))

    with pytest.raises(SeatIsKept):
        accept(second, laura, at("10:31"))

    assert accept(first, laura, at("10:31")).agent == laura


def test_two_kept_seats_are_two(booked, laura):
    cast.book(at("10:30"), who=cast.BETO, now=at("08:00"))
    Agent.objects.filter(pk=laura.pk).update(capacity=2)
    come(booked, TEN)
    waiting = start(CARLA, now=at("10:20"))

    with pytest.raises(SeatIsKept):
        accept(waiting, Agent.objects.get(pk=laura.pk), at("10:30"))
