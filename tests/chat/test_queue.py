"""The queue: who is next, who takes them, and giving a chat back."""

import pytest

from chat.models import Agent, ChatSession, Message
from chat.services import (
    AgentIsFull,
    ChatEnded,
    ChatTaken,
    assign_waiting,
    place_in_queue,
    return_to_queue,
    set_available,
)
from tests.chat.factories import (
    ANA,
    BETO,
    NOW,
    AgentFactory,
    Customer,
    accept,
    attended,
    conversing,
    end,
    fresh,
    later,
    line_of,
    rules_of,
    start,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db

CARLA = Customer("Carla Gil", "carla@gil-asociados.mx", "carla-browser")


# --- Atender --------------------------------------------------------------------------------------------


def test_accepting_makes_the_chat_the_agents(laura):
    session = accept(start(ANA), laura, later(seconds=40))

    row = fresh(session)
    assert row.is_active
    assert row.agent == laura
    assert row.accepted_at == later(seconds=40)


def test_the_agent_welcomes_the_customer_by_name(laura):
    laura.greeting = "Hola, {nombre}. Soy Laura; {nombre}, ¿en qué le ayudo? {otra} {0}"
    laura.save()

    session = attended(laura)

    welcome = session.messages.get(rule="agent.welcome")
    assert welcome.text == "Hola, Ana López. Soy Laura; Ana López, ¿en qué le ayudo? {otra} {0}"
    assert (welcome.author, welcome.agent) == (Message.Author.AGENT, laura)


def test_in_the_welcomes_wake_identification_is_asked(laura):
    session = attended(laura)

    assert rules_of(session) == ["agent.welcome", "identification.asked"]
    asked = line_of(session, "identification.asked")
    for words in ("RFC", "nombre o razón social", "programa", "versión"):
        assert words in asked


def test_who_has_identified_is_welcomed_and_not_asked_again(laura, diego):
    session = conversing(laura)
    return_to_queue(session=session, now=later(minutes=1))

    accept(session, diego, later(minutes=2))

    assert rules_of(session).count("agent.welcome") == 2
    assert rules_of(session).count("identification.asked") == 1


def test_the_slower_agent_reads_who_was_faster(laura, diego):
    session = attended(laura)

    with pytest.raises(ChatTaken) as refused:
        accept(session, diego)

    assert refused.value.code == "chat.taken"
    assert str(refused.value.text) == "Este chat ya lo atiende Laura Méndez."


def test_taking_ones_own_chat_again_changes_nothing(laura):
    session = attended(laura)

    again = accept(session, laura, later(seconds=1))

    assert again.agent == laura
    assert rules_of(session) == ["agent.welcome", "identification.asked"]


def test_a_full_agent_takes_their_own_chat_again_without_complaint(laura):
    """Atender pressed twice."""
    laura.capacity = 1
    laura.save()
    session = attended(laura)

    assert accept(session, laura, later(seconds=1)).agent == laura


def test_an_ended_chat_is_not_taken(laura):
    with pytest.raises(ChatEnded):
        accept(end(start(ANA)), laura)


def test_an_agent_who_is_away_may_take_a_chat_by_hand(laura):
    set_available(agent=laura, is_available=False, now=NOW)

    assert accept(start(ANA), laura).agent == laura


def test_a_full_agent_takes_no_more(laura):
    laura.capacity = 1
    laura.save()
    attended(laura, ANA)
    waiting = start(BETO)

    with pytest.raises(AgentIsFull) as refused:
        accept(waiting, laura)

    assert str(refused.value.text) == (
        "Ya atiende todos los chats que permite su cupo. Finalice uno para atender otro."
    )
    assert fresh(waiting).is_waiting


def test_an_ended_chat_makes_room(laura):
    laura.capacity = 1
    laura.save()
    end(attended(laura, ANA))

    assert accept(start(BETO), laura).is_active


@pytest.mark.django_db(transaction=True)
def test_of_two_agents_at_once_one_gets_the_chat_and_the_other_reads_who_did(laura, diego):
    session = start(ANA)

    results = at_once([lambda: accept(session, laura), lambda: accept(session, diego)])

    winner = fresh(session).agent
    assert winner is not None
    assert winner in (laura, diego)
    [loser] = [result for result in results if isinstance(result, Exception)]
    assert type(loser) is ChatTaken
    assert str(loser.text) == f"Este chat ya lo atiende {winner.shown_name}."
    assert rules_of(session).count("agent.welcome") == 1


@pytest.mark.django_db(transaction=True)
def test_an_agent_who_takes_two_chats_at_once_keeps_within_capacity(laura):
    laura.capacity = 1
    laura.save()
    of_ana, of_beto = start(ANA), start(BETO)

    results = at_once([lambda: accept(of_ana, laura), lambda: accept(of_beto, laura)])

    assert [type(result) for result in results if isinstance(result, Exception)] == [AgentIsFull]
    assert ChatSession.objects.active().count() == 1


# --- The order ------------------------------------------------------------------------------------------


def test_the_place_in_the_queue_counts_who_came_before(laura):
    of_ana = start(ANA, now=NOW)
    of_beto = start(BETO, now=later(seconds=1))
    assert (place_in_queue(of_ana), place_in_queue(of_beto)) == (1, 2)

    accept(of_ana, laura)

    assert (place_in_queue(of_ana), place_in_queue(of_beto)) == (None, 1)


def test_a_chat_given_back_goes_to_the_head_and_its_customer_is_told(laura):
    of_beto = start(BETO, now=later(minutes=-5))
    of_ana = attended(laura, ANA)

    assert return_to_queue(session=of_ana, now=later(minutes=1))

    row = fresh(of_ana)
    assert row.is_waiting
    assert row.agent is None
    assert (place_in_queue(of_ana), place_in_queue(of_beto)) == (1, 2)
    told = line_of(of_ana, "agent.vanished")
    assert "perdió la conexión" in told
    assert "volvió al principio de la cola" in told
    assert "no necesita hacer nada" in told


def test_chats_given_back_keep_the_order_in_which_they_had_come(laura):
    of_ana = attended(laura, ANA, now=NOW)
    of_beto = attended(laura, BETO, now=later(minutes=1))
    return_to_queue(session=of_beto, now=later(minutes=5))
    return_to_queue(session=of_ana, now=later(minutes=5))

    assert list(ChatSession.objects.waiting()) == [of_ana, of_beto]


def test_a_chat_given_back_keeps_its_identification_and_its_lines(laura):
    session = conversing(laura)
    lines = session.messages.count()

    return_to_queue(session=session, now=later(minutes=1))

    row = fresh(session)
    assert row.identified_at == NOW
    assert row.rfc == "EKU9003173C9"
    assert row.messages.count() == lines + 1


def test_a_chat_given_back_counts_no_silence(laura):
    session = attended(laura)

    return_to_queue(session=session, now=later(minutes=9))

    row = fresh(session)
    assert row.customer_turn_since is None
    assert not row.is_overdue(later(hours=2))


def test_a_chat_that_went_to_another_agent_meanwhile_is_not_given_back(laura, diego):
    seen_by_the_clock = attended(laura)
    return_to_queue(session=seen_by_the_clock, now=later(minutes=1))
    accept(seen_by_the_clock, diego, later(minutes=1))

    assert not return_to_queue(session=seen_by_the_clock, now=later(minutes=1))
    assert fresh(seen_by_the_clock).agent == diego


# --- To the least busy ----------------------------------------------------------------------------------


def test_waiting_chats_go_to_the_least_busy_agents(laura, diego):
    attended(laura, CARLA)
    of_ana, of_beto = start(ANA, now=NOW), start(BETO, now=later(seconds=1))

    assert assign_waiting(now=later(seconds=2)) == 2

    assert fresh(of_ana).agent == diego
    assert {fresh(of_ana).agent, fresh(of_beto).agent} == {laura, diego}


def test_of_equally_busy_agents_the_one_who_waited_longest_is_next(laura, diego):
    end(attended(laura, BETO, now=later(minutes=-10)))
    end(attended(diego, CARLA, now=later(minutes=-5)))
    session = start(ANA)

    assign_waiting(now=NOW)

    assert fresh(session).agent == laura


def test_an_agent_who_never_had_a_chat_is_next(laura, diego):
    end(attended(laura, BETO, now=later(minutes=-10)))
    session = start(ANA)

    assign_waiting(now=NOW)

    assert fresh(session).agent == diego


@pytest.mark.parametrize(
    "change",
    [
        {"is_available": False},
        {"is_active": False},
        {"capacity": 0},
        {"last_seen_at": later(seconds=-60)},
        {"last_seen_at": None},
    ],
)
def test_who_is_away_disabled_full_or_gone_gets_no_chat(laura, change):
    Agent.objects.filter(pk=laura.pk).update(**change)
    session = start(ANA)

    assert assign_waiting(now=NOW) == 0
    assert fresh(session).is_waiting


def test_an_agent_seen_within_the_minute_gets_a_chat():
    AgentFactory.create(last_seen_at=later(seconds=-59))
    start(ANA)

    assert assign_waiting(now=NOW) == 1


@pytest.mark.django_db(transaction=True)
def test_two_clocks_assigning_at_once_give_each_chat_once(laura, diego):
    sessions = [start(ANA), start(BETO), start(CARLA)]

    at_once([lambda: assign_waiting(now=NOW)] * 2)

    assert ChatSession.objects.active().count() == 3
    for session in sessions:
        assert rules_of(session).count("agent.welcome") == 1
