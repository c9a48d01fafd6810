"""At the booked hour the chat begins by itself, once, with everything filled in."""

from datetime import timedelta

import pytest

from chat.models import ChatSession, Message
from chat.services import (
    AgentIsFull,
    give_sign_of_life,
)
from chat.services.appointments import start_due_appointments
from scheduling.models import Appointment
from tests.chat.appointments.hour import LAST, TEN, clock_at, come, state_of, the_chat
from tests.chat.conftest import browser_of
from tests.chat.factories import (
    ANA,
    BETO,
    accept,
    at,
    rules_of,
    start,
)
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]


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
