"""Silence of the customer ends a chat (manual, "Continuidad en el chat"); that of the agent never does."""

import pytest

from chat import commands, services
from chat.models import Agent, ChatSession
from chat.services import ChatEnded, due_acts, enforce, stay
from chat.services.due import end_silent, warn_silent
from tests.chat.factories import (
    ANA,
    NOW,
    ProgramFactory,
    attended,
    conversing,
    fresh,
    identify,
    later,
    line_of,
    note,
    rules_of,
    say_as_agent,
    say_as_customer,
    start,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db

ENDED = (
    "El chat finalizó por inactividad: pasaron 10 minutos sin respuesta del cliente. "
    "Si aún necesita ayuda, inicie otro chat."
)


@pytest.fixture
def asked(laura):
    """A chat in which the agent's question stands since NOW."""
    session = conversing(laura, now=later(minutes=-3))
    say_as_agent(session, laura, "¿Qué versión usa?")
    return session


def clock_at(now):
    """One round of the clock, agents being there."""
    Agent.objects.update(last_seen_at=now)
    for act in due_acts():
        act(now)


def warnings_in(session):
    return rules_of(session).count("inactivity.warned")


# --- The edges ------------------------------------------------------------------------------------------


def test_a_moment_before_five_minutes_nobody_is_warned(asked):
    clock_at(later(minutes=4, seconds=59.999))

    assert warnings_in(asked) == 0
    assert fresh(asked).warned_at is None


def test_at_five_minutes_the_customer_is_warned_of_what_follows(asked):
    clock_at(later(minutes=5))

    assert fresh(asked).warned_at == later(minutes=5)
    assert fresh(asked).inactivity_ends_at == later(minutes=10)
    assert line_of(asked, "inactivity.warned") == (
        "¿Sigue ahí? Si no responde en 5 minutos, el chat finalizará por inactividad. "
        "Escriba, o elija «Sigo aquí»."
    )


def test_the_customer_is_warned_once(asked):
    clock_at(later(minutes=5))
    clock_at(later(minutes=6))
    clock_at(later(minutes=9, seconds=59.999))

    assert warnings_in(asked) == 1


def test_a_moment_before_ten_minutes_the_chat_goes_on(asked):
    clock_at(later(minutes=9, seconds=59.999))

    assert fresh(asked).is_active


def test_at_ten_minutes_the_chat_ends_and_says_why(asked):
    clock_at(later(minutes=10))

    row = fresh(asked)
    assert (row.state, row.end_reason) == (ChatSession.State.ENDED, ChatSession.EndReason.INACTIVITY)
    assert row.ended_at == later(minutes=10)
    assert line_of(asked, "ended.inactivity") == ENDED


def test_a_chat_whose_end_is_due_is_not_warned_first(asked):
    """A clock that stood still for an hour does not offer what is over."""
    clock_at(later(hours=1))

    assert fresh(asked).is_ended
    assert warnings_in(asked) == 0


def test_the_periods_are_settings(asked, settings):
    settings.CHAT_INACTIVITY_WARNING = later(seconds=30) - NOW
    settings.CHAT_INACTIVITY_END = later(seconds=90) - NOW

    clock_at(later(seconds=30))
    assert "Si no responde en 1 minuto, el chat" in line_of(asked, "inactivity.warned")
    clock_at(later(seconds=90))
    assert "pasó 1 minuto sin respuesta" in line_of(asked, "ended.inactivity")


# --- What stops the count -------------------------------------------------------------------------------


def test_sigo_aqui_counts_the_silence_anew(asked):
    clock_at(later(minutes=5))
    stay(session=asked, now=later(minutes=9))

    assert fresh(asked).warned_at is None
    clock_at(later(minutes=13, seconds=59.999))
    assert warnings_in(asked) == 1
    clock_at(later(minutes=14))
    assert warnings_in(asked) == 2
    clock_at(later(minutes=19))
    assert fresh(asked).is_ended


def test_the_customers_message_stops_the_count(asked):
    clock_at(later(minutes=5))
    say_as_customer(asked, now=later(minutes=9))

    clock_at(later(hours=2))

    assert fresh(asked).is_active
    assert warnings_in(asked) == 1


def test_the_agents_next_line_counts_from_there(asked, laura):
    say_as_customer(asked, now=later(minutes=2))
    say_as_agent(asked, laura, "¿Y la serie?", now=later(minutes=20))

    clock_at(later(minutes=24, seconds=59.999))
    assert warnings_in(asked) == 0
    clock_at(later(minutes=25))
    assert warnings_in(asked) == 1


def test_while_it_is_the_agents_turn_a_chat_never_ends(asked):
    say_as_customer(asked, now=later(minutes=1))

    clock_at(later(hours=8))

    assert fresh(asked).is_active
    assert warnings_in(asked) == 0


def test_a_chat_that_waits_never_ends_by_silence():
    session = start(ANA)

    clock_at(later(hours=3))

    assert fresh(session).is_waiting


def test_silence_after_the_welcome_counts_as_well(laura):
    session = attended(laura)

    clock_at(later(minutes=5))
    assert warnings_in(session) == 1
    clock_at(later(minutes=10))

    assert fresh(session).is_ended


def test_identifying_counts_as_an_answer(laura):
    session = attended(laura)
    identify(session, later(minutes=9))

    clock_at(later(minutes=30))

    assert fresh(session).is_active


def test_an_identification_written_by_the_agent_is_no_answer_of_the_customer(laura):
    session = attended(laura)
    identification = services.Identification(
        rfc="EKU9003173C9", legal_name="Papelería", program=ProgramFactory.create(), program_version="5"
    )
    services.identify(session=session, identification=identification, now=later(minutes=9), agent=laura)

    clock_at(later(minutes=10))

    assert fresh(session).is_ended


def test_an_internal_note_neither_stops_nor_starts_the_count(asked, laura):
    note(asked, laura, now=later(minutes=9))

    clock_at(later(minutes=10))

    assert fresh(asked).is_ended


# --- When somebody acts before the clock does -----------------------------------------------------------


def test_too_late_is_too_late_although_the_clock_did_not_run(asked):
    with pytest.raises(ChatEnded):
        say_as_customer(asked, now=later(minutes=10))
    with pytest.raises(ChatEnded):
        stay(session=asked, now=later(minutes=10))
    with pytest.raises(ChatEnded):
        identify(asked, later(minutes=10))


def test_a_moment_earlier_is_not_too_late(asked):
    assert say_as_customer(asked, now=later(minutes=9, seconds=59.999)).number


def test_who_acts_too_late_ends_the_chat_with_its_reason(asked):
    payload = {
        "type": "message.send",
        "text": "¡Aquí sigo!",
        "client_id": "9ad2b2cb-3b4c-4f6c-8f25-2f7b11e7a111",
    }

    with pytest.raises(ChatEnded):
        commands.run_command(
            commands.Asker(session=asked.pk, visitor=asked.visitor_id), payload, later(minutes=10)
        )

    assert fresh(asked).end_reason == ChatSession.EndReason.INACTIVITY
    assert line_of(asked, "ended.inactivity") == ENDED


def test_enforcing_earlier_changes_nothing(asked):
    assert not enforce(fresh(asked), later(minutes=9, seconds=59.999))
    assert fresh(asked).is_active
    assert "ended.inactivity" not in rules_of(asked)


# --- Twice, and by two clocks at once -------------------------------------------------------------------


def test_every_act_done_twice_is_done_once(asked):
    for _round in range(2):
        warn_silent(later(minutes=5))
    for _round in range(2):
        end_silent(later(minutes=10))

    assert warnings_in(asked) == 1
    assert rules_of(asked).count("ended.inactivity") == 1


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_warn_once_and_end_once(asked):
    at_once([lambda: warn_silent(later(minutes=5))] * 3)
    at_once([lambda: end_silent(later(minutes=10))] * 3)

    assert warnings_in(asked) == 1
    assert rules_of(asked).count("ended.inactivity") == 1


@pytest.mark.django_db(transaction=True)
def test_an_answer_and_the_clock_at_once_agree_on_one_outcome(asked):
    last_moment = later(minutes=9, seconds=59.9)

    at_once([lambda: say_as_customer(asked, now=last_moment), lambda: end_silent(later(minutes=10))])

    answered = asked.messages.filter(text="Es la versión 5.2").exists()
    assert answered == fresh(asked).is_active
