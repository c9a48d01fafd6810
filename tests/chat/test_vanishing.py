"""An agent who vanishes, or is disabled, loses the chats to the head of the queue."""

import pytest
from django.db.models import Q

from chat.models import Agent
from chat.services import due_acts, give_sign_of_life, place_in_queue, return_to_queue, set_available
from chat.services.due import return_vanished
from tests.chat.factories import (
    ANA,
    BETO,
    NOW,
    accept,
    at,
    attended,
    conversing,
    end,
    fresh,
    later,
    line_of,
    rules_of,
    say_as_agent,
    say_as_customer,
    start,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def test_a_moment_before_a_minute_the_chat_stays(laura):
    session = attended(laura)

    return_vanished(later(seconds=59.999))

    assert fresh(session).agent == laura


def test_after_a_minute_without_a_sign_the_chat_is_the_first_of_the_queue(laura):
    of_ana = attended(laura, ANA)
    of_beto = start(BETO, now=later(minutes=-5))

    return_vanished(later(seconds=60))

    assert fresh(of_ana).is_waiting
    assert (place_in_queue(of_ana), place_in_queue(of_beto)) == (1, 2)
    assert rules_of(of_ana)[-1] == "agent.vanished"


def test_a_sign_of_life_keeps_the_chats(laura):
    session = attended(laura)
    give_sign_of_life(agent=laura, now=later(seconds=45))

    return_vanished(later(seconds=60))

    assert fresh(session).agent == laura


def test_an_agent_who_never_gave_a_sign_has_vanished(laura):
    session = attended(laura)
    Agent.objects.update(last_seen_at=None)

    return_vanished(NOW)

    assert fresh(session).is_waiting


def test_the_chats_of_a_disabled_agent_return_at_once(laura):
    session = attended(laura)
    Agent.objects.update(is_active=False)

    return_vanished(NOW)

    assert fresh(session).is_waiting


def test_a_disabled_agent_gives_no_sign_of_life(laura):
    Agent.objects.update(is_active=False)

    assert not give_sign_of_life(agent=laura, now=later(seconds=30))
    assert Agent.objects.get().last_seen_at == NOW


def test_being_away_keeps_the_chats_at_hand(laura):
    session = attended(laura)

    set_available(agent=laura, is_available=False, now=NOW)
    return_vanished(later(seconds=30))

    assert fresh(session).agent == laura


def test_the_chats_of_others_and_ended_ones_stay_where_they_are(laura, diego):
    of_diego = attended(diego, BETO)
    ended = end(attended(laura, ANA))
    Agent.objects.filter(pk=laura.pk).update(is_active=False)

    return_vanished(NOW)

    assert fresh(of_diego).agent == diego
    assert fresh(ended).is_ended


def test_an_agent_who_comes_back_at_the_last_moment_keeps_the_chat(laura):
    session = attended(laura)
    Agent.objects.update(last_seen_at=later(seconds=60))

    assert not return_to_queue(session=session, now=later(seconds=60), still=Q(agent__last_seen_at__lte=NOW))

    assert fresh(session).agent == laura


def test_returned_twice_is_returned_once(laura):
    session = attended(laura)

    return_vanished(later(seconds=60))
    return_vanished(later(seconds=61))

    assert rules_of(session).count("agent.vanished") == 1


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_return_a_chat_once(laura):
    session = attended(laura)

    at_once([lambda: return_vanished(later(seconds=60))] * 3)

    assert rules_of(session).count("agent.vanished") == 1


def test_after_closing_time_nobody_is_promised_another_agent(laura, manual_hours):
    session = attended(laura, now=at("13:59"))

    for act in due_acts():
        act(at("14:00:30"))

    vanished = line_of(session, "agent.vanished")
    assert vanished == "El agente que le atendía perdió la conexión."
    assert line_of(session, "ended.closing").startswith("Terminó el horario de atención")


def test_a_question_that_went_back_to_the_queue_is_not_the_customers_silence(laura, diego):
    session = conversing(laura)
    say_as_customer(session, "¿Qué hago?")
    return_vanished(later(seconds=60))
    accept(session, diego, later(seconds=70))

    for act in due_acts():
        act(later(minutes=30))

    assert "inactivity.warned" not in rules_of(session)


def test_an_answer_before_it_went_back_leaves_the_turn_with_the_customer(laura, diego):
    session = conversing(laura)
    say_as_agent(session, laura, "Reinicie el programa")
    return_to_queue(session=session, now=NOW)
    accept(session, diego, NOW)
    give_sign_of_life(agent=diego, now=later(minutes=5))

    for act in due_acts():
        act(later(minutes=5))

    assert "inactivity.warned" in rules_of(session)


def test_the_next_agent_takes_it_over(laura, diego):
    session = attended(laura)
    return_vanished(later(seconds=60))

    assert accept(session, diego, later(seconds=70)).agent == diego
    assert place_in_queue(session) is None
