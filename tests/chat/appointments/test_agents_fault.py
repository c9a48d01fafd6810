"""When the booked agent cannot: it is never the customer's fault, and everybody is told."""

from datetime import timedelta

import pytest
from post_office.models import Email

from chat.models import Agent, ChatSession
from chat.services import (
    due_acts,
    give_sign_of_life,
    leave_as_message,
    set_available,
)
from chat.services.appointments import open_chat, seat, start_due_appointments
from scheduling.models import Appointment
from tests.chat.appointments.hour import TEN, clock_at, come, state_of, the_chat
from tests.chat.factories import (
    ANA,
    BETO,
    AgentFactory,
    accept,
    at,
    fresh,
    line_of,
    rules_of,
    start,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]


@pytest.mark.parametrize("fault", ["away", "busy", "disabled", "vanished"])
def test_when_the_agent_cannot_another_one_takes_it(booked, laura, fault):
    diego = AgentFactory.create(username="diego")
    come(booked, at("09:55"))
    if fault == "away":
        set_available(agent=laura, is_available=False, now=TEN)
    if fault == "busy":
        accept(start(BETO, now=at("09:50")), laura, at("09:51"))
    if fault == "disabled":
        Agent.objects.filter(pk=laura.pk).update(is_active=False)
    give_sign_of_life(agent=laura, now=at("09:58") if fault == "vanished" else TEN)
    give_sign_of_life(agent=diego, now=TEN)

    start_due_appointments(TEN)

    assert ChatSession.objects.get(appointment=booked).agent == diego
    assert state_of(booked) == "attended"


def test_when_nobody_can_it_waits_at_the_head_and_the_tolerance_does_not_run(booked, laura, elena):
    before = start(BETO, now=at("09:30"))
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, at("09:55"))

    for minute in (0, 5, 11):
        clock_at(TEN + timedelta(minutes=minute), laura)

    chat = ChatSession.objects.get(appointment=booked)
    assert list(ChatSession.objects.waiting()) == [chat, fresh(before)]
    assert rules_of(chat).count("appointment.no-agent") == 1
    assert "No es por usted y su cita se conserva" in line_of(chat, "appointment.no-agent")
    assert state_of(booked) == "booked"
    told = Email.objects.get(to=elena.email)
    assert told.subject == f"Cita {booked.folio} sin su agente"
    assert f"Su chat {chat.folio} está en el primer lugar de la cola" in told.message

    accept(chat, laura, at("10:12"))
    assert state_of(booked) == "attended"


@pytest.mark.parametrize("fault", ["away", "vanished"])
def test_of_another_agent_the_customer_and_the_supervisors_are_told(booked, laura, elena, fault):
    diego = AgentFactory.create(username="diego", first_name="Diego", last_name="Paredes")
    come(booked, at("09:55"))
    if fault == "away":
        set_available(agent=laura, is_available=False, now=TEN)
    else:
        give_sign_of_life(agent=laura, now=at("09:58"))

    clock_at(TEN, diego)

    chat = the_chat()
    assert line_of(chat, "appointment.other-agent") == (
        "Laura Méndez no está disponible en este momento; le atiende Diego Paredes."
    )
    told = Email.objects.get(to=elena.email)
    assert told.subject == f"Cita {booked.folio} sin su agente"
    assert f"Diego Paredes atiende el chat {chat.folio} en su lugar" in told.message


def test_the_booked_agent_is_nothing_to_tell_of(booked, laura, elena):
    come(booked, at("09:55"))

    clock_at(TEN, laura)

    assert "appointment.other-agent" not in rules_of(the_chat())
    assert not Email.objects.filter(to=elena.email).exists()


def test_a_clock_that_stopped_half_way_tells_the_rest(booked, laura):
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, at("09:55"))
    open_chat(booked, TEN)

    for minute in (1, 2):
        clock_at(TEN + timedelta(minutes=minute), laura)

    assert rules_of(the_chat()).count("appointment.no-agent") == 1


def test_an_agent_who_takes_it_first_leaves_nothing_to_tell(booked, laura):
    come(booked, at("09:55"))
    open_chat(booked, TEN)
    waiting = the_chat()
    accept(waiting, laura, TEN)

    seat(waiting, TEN)

    assert "appointment.no-agent" not in rules_of(the_chat())


def test_a_chat_that_nobody_took_until_closing_time_is_no_missed_appointment(booked, laura):
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, TEN)
    clock_at(TEN, laura)

    for act in due_acts():
        act(at("14:00"))

    assert the_chat().end_reason == "closing"
    assert state_of(booked) == "cancelled"
    assert booked.events.last().actor == "clock"


def test_a_customer_who_leaves_the_queue_cancels_the_appointment(booked, laura):
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, TEN)
    clock_at(TEN, laura)

    leave_as_message(session=the_chat(), reason=ChatSession.EndReason.LEFT_MESSAGE, now=at("10:05"))

    assert (state_of(booked), booked.events.last().actor) == ("cancelled", "customer")


def test_closing_time_survives_an_appointment_that_was_missed_meanwhile(booked, laura):
    """However the rows came to be: the chat of a missed appointment still waits."""
    chat = start(ANA, now=at("09:50"))
    ChatSession.objects.filter(pk=chat.pk).update(appointment=booked)
    Appointment.objects.filter(pk=booked.pk).update(state="missed")
    before = start(BETO, now=at("09:51"))

    for act in due_acts():
        act(at("14:00"))

    assert fresh(chat).is_ended
    assert fresh(before).is_ended
