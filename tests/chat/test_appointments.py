"""The booked hour as a chat: it begins by itself, and the agent's fault is never the customer's."""

from datetime import timedelta

import pytest
from django.test import Client
from post_office.models import Email

from chat.models import SUPERVISORS_GROUP, Agent, ChatSession, Message
from chat.services import AgentIsFull, assign_waiting, due_acts, give_sign_of_life, set_available
from chat.services.appointments import start_due_appointments
from facturando_support.clock import run_round
from scheduling import services as scheduling
from scheduling.models import Appointment, Shift
from tests.chat.conftest import browser_of
from tests.chat.factories import (
    ANA,
    BETO,
    AgentFactory,
    ProgramFactory,
    accept,
    at,
    at_once,
    fresh,
    identify,
    line_of,
    rules_of,
    start,
)
from tests.scheduling import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]

TEN = at("10:00")
LAST = TEN + timedelta(minutes=10)


def on_shift(agent, capacity=1):
    """An agent who can be booked, is available, and has room for so many chats."""
    Shift.objects.create(agent=agent, weekday=1, opens_at="09:00", closes_at="14:00")
    Agent.objects.filter(pk=agent.pk).update(capacity=capacity)
    agent.refresh_from_db()
    return agent


@pytest.fixture
def laura(laura):
    return on_shift(laura)


@pytest.fixture
def booked(laura):
    """Ana's appointment with Laura at ten."""
    ProgramFactory.create()
    cast.make_service()
    return cast.book(TEN, now=at("08:00"))


def come(booked, now):
    """Ana's browser enters the waiting room."""
    scheduling.arrive(appointment=booked, key_hash=ANA.key_hash, now=now)


def the_chat():
    return ChatSession.objects.get()


def state_of(booked):
    return Appointment.objects.get(pk=booked.pk).state


def clock_at(now, *agents):
    """One round of the clock, with the consoles of these agents alive."""
    for agent in agents:
        give_sign_of_life(agent=agent, now=now)
    run_round(now)


def test_at_the_hour_the_chat_begins_with_the_booked_agent_and_everything_filled_in(booked, laura):
    come(booked, at("09:52"))
    clock_at(TEN - timedelta(milliseconds=1), laura)
    assert not ChatSession.objects.exists()

    clock_at(TEN, laura)

    chat = the_chat()
    assert (chat.state, chat.agent, chat.visitor.key_hash) == ("active", laura, ANA.key_hash)
    assert (chat.name, chat.email, chat.rfc) == (booked.name, booked.email, booked.rfc)
    assert (chat.program.name, chat.program_version) == (booked.program, booked.program_version)
    assert not chat.is_identification_due
    said = chat.messages.get(author=Message.Author.CUSTOMER)
    assert said.text == booked.about
    assert "agent.welcome" in rules_of(chat)
    assert state_of(booked) == "attended"


def test_whoever_comes_at_the_last_instant_of_the_tolerance_is_attended(booked, laura):
    come(booked, LAST)

    clock_at(LAST, laura)

    assert the_chat().agent == laura


def test_whoever_does_not_come_is_missed_and_the_agent_is_free_at_once(booked, laura):
    waiting = start(BETO, now=at("09:55"))
    with pytest.raises(AgentIsFull):
        accept(waiting, laura, LAST)

    clock_at(LAST + timedelta(milliseconds=1), laura)

    assert state_of(booked) == "missed"
    assert accept(waiting, laura, LAST + timedelta(milliseconds=1)).agent == laura


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


def test_when_nobody_can_it_waits_at_the_head_and_the_tolerance_does_not_run(booked, laura):
    elena = AgentFactory.create(username="elena", group=SUPERVISORS_GROUP, email="elena@facturando.mx")
    Agent.objects.filter(pk=elena.pk).update(is_available=False)
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
    told = Email.objects.get(subject=f"Cita {booked.folio} sin agente")
    assert (told.to, chat.folio in told.message) == (["elena@facturando.mx"], True)

    accept(chat, laura, at("10:12"))
    assert state_of(booked) == "attended"


def test_two_clocks_begin_one_chat(booked, laura):
    come(booked, at("09:55"))
    give_sign_of_life(agent=laura, now=TEN)

    start_due_appointments(TEN)
    start_due_appointments(TEN)

    assert rules_of(the_chat()).count("agent.welcome") == 1


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_begin_one_chat(booked, laura):
    come(booked, at("09:55"))
    give_sign_of_life(agent=laura, now=TEN)

    results = at_once([lambda: start_due_appointments(TEN)] * 3)

    assert [result for result in results if isinstance(result, Exception)] == []
    assert rules_of(the_chat()).count("agent.welcome") == 1


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


def test_a_chat_that_nobody_took_until_closing_time_is_no_missed_appointment(booked, laura):
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, TEN)
    clock_at(TEN, laura)

    for act in due_acts():
        act(at("14:00"))

    assert the_chat().end_reason == "closing"
    assert state_of(booked) == "cancelled"


def test_a_program_that_is_no_longer_kept_is_asked_again(booked, laura):
    Appointment.objects.update(program="CFDI 2004")
    come(booked, TEN)

    clock_at(TEN, laura)

    assert the_chat().is_identification_due


def test_the_customers_page_shows_the_chat(booked, laura, clock):
    come(booked, TEN)
    clock_at(TEN, laura)
    clock.move_to(TEN)

    page = browser_of(ANA).get("/chat/").content.decode()

    assert f"Le atiende {laura.shown_name}" in page
    assert booked.about in page


# --- What agents see -------------------------------------------------------------------------------------


def console_of(agent):
    browser = Client()
    browser.force_login(agent)
    return browser


@pytest.mark.parametrize(
    ("now", "words"),
    [("09:45", "faltan"), ("10:00", "tolerancia"), ("10:09", "tolerancia")],
)
def test_the_console_shows_what_comes_with_its_data(booked, laura, clock, now, words):
    clock.move_to(at(now))

    lists = console_of(laura).get("/agente/lista/").content.decode()

    assert f"10:00 {booked.name}" in lists
    assert words in lists
    assert booked.rfc in lists
    assert booked.about in lists


def test_the_console_tells_that_the_customer_is_there(booked, laura, clock):
    come(booked, at("09:55"))
    clock.move_to(at("09:56"))

    assert "el cliente ya está en la sala" in console_of(laura).get("/agente/lista/").content.decode()


def test_the_day_is_shown_by_hour_and_agent(booked, laura):
    page = console_of(laura).get("/agente/agenda/?dia=2026-11-24").content.decode()

    assert "martes 24 de noviembre de 2026" in page
    assert "10:00" in page
    assert booked.folio in page
    assert (
        "Nadie ha agendado ese día"
        in console_of(laura).get("/agente/agenda/?dia=2026-11-25").content.decode()
    )


def test_a_day_that_is_no_date_is_today(laura, clock):
    clock.move_to(at("09:00"))

    assert "24 de noviembre" in console_of(laura).get("/agente/agenda/?dia=x").content.decode()


def test_customers_do_not_see_the_day(booked):
    assert browser_of(ANA).get("/agente/agenda/").status_code == 302
