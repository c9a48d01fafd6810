"""What sockets ask the database is answered for many at once, and to each its own."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import readers
from chat.events import digest_of_lists
from chat.models import AGENTS_GROUP, SUPERVISORS_GROUP
from chat.readers import Question
from chat.services.agents import set_group
from tests.chat.conftest import browser_of
from tests.chat.factories import BETO, Customer, conversing, end, fresh, note, start

pytestmark = pytest.mark.django_db


def login(agent):
    """The session of a browser in which this agent is logged in."""
    browser = browser_of()
    browser.force_login(agent)
    return browser.session


def asked(question):
    [answer] = readers.answers([question])
    return answer


def queries(questions):
    with CaptureQueriesContext(connection) as captured:
        readers.answers(questions)
    return len(captured)


def test_a_customers_chat_stands_at_its_newest_number_and_a_consoles_at_that_of_staff(laura):
    session = conversing(laura)
    note(session, laura, "Ya llamó")
    row = fresh(session)
    assert row.last_staff_number > row.last_number

    of_customer = asked(Question((session.pk,)))
    of_staff = asked(Question((session.pk,), login(laura)))

    assert of_customer.standings[session.pk].newest == row.last_number
    assert of_staff.standings[session.pk].newest == row.last_staff_number
    for answer in (of_customer, of_staff):
        facts = answer.standings[session.pk].facts
        assert [fact["type"] for fact in facts] == ["session.changed", "marks.moved", "marks.moved"]
        assert (facts[0]["state"], facts[0]["agent"]) == ("active", laura.pk)


def test_each_of_several_gets_the_answer_to_its_own_question(laura, diego):
    of_ana, of_beto = conversing(laura), conversing(diego, BETO)
    waiting = start(Customer(name="Carla Ruiz", email="carla@correo.example.mx", key="key-carla"))

    answers = readers.answers(
        [
            Question((of_beto.pk,)),
            Question((of_ana.pk, of_beto.pk), login(laura), wants_lists=True),
            Question((), login(diego), wants_lists=True),
            Question((of_ana.pk,), browser_of().session, wants_lists=True),
            Question((of_beto.pk,), login(diego)),
        ]
    )

    assert [list(answer.standings) for answer in answers] == [
        [of_beto.pk],
        [of_ana.pk, of_beto.pk],
        [],
        [of_ana.pk],
        [of_beto.pk],
    ]
    assert [answer.agent for answer in answers] == [None, laura, diego, None, diego]
    assert [set(answer.unreadable) for answer in answers] == [set(), {of_beto.pk}, set(), set(), set()]
    assert [[frame["digest"] for frame in answer.lists] for answer in answers] == [
        [],
        [digest_of_lists([waiting.pk], [of_ana.pk])],
        [digest_of_lists([waiting.pk], [of_beto.pk])],
        [],
        [],
    ]


def test_somebody_elses_chat_is_kept_from_agents_until_it_ends_and_not_from_supervisors(laura, diego):
    session = conversing(laura)
    question = Question((session.pk,), login(diego))
    assert asked(question).unreadable == {session.pk}

    set_group(agent=diego, name=SUPERVISORS_GROUP)
    assert asked(question).unreadable == frozenset()

    set_group(agent=diego, name=AGENTS_GROUP)
    assert asked(question).unreadable == {session.pk}
    end(session)
    assert asked(question).unreadable == frozenset()


def test_a_chat_that_is_not_there_has_no_standing(laura):
    assert asked(Question((4_711,), login(laura))).standings == {}


def test_many_make_as_many_queries_as_one(laura, diego):
    people = [Customer(name=f"Persona {n}", email=f"p{n}@correo.example.mx", key=f"k-{n}") for n in range(4)]
    sessions = [start(person) for person in people]
    of_customers = [Question((session.pk,)) for session in sessions]
    of_consoles = [Question((session.pk,), login(laura), wants_lists=True) for session in sessions]

    assert queries(of_customers) == queries(of_customers[:1]) == 1
    # Chats, logins, agents, the queue, and whose own chats are whose.
    assert queries(of_consoles) == queries(of_consoles[:1]) == 5


def test_whoever_has_logged_out_or_may_not_use_the_console_is_no_agent(laura):
    browser = browser_of()
    browser.force_login(laura)
    question = Question((), browser.session)
    assert asked(question).agent == laura

    laura.groups.clear()
    assert asked(question).agent is None
    set_group(agent=laura, name=AGENTS_GROUP)
    assert asked(question).agent == laura
    browser.logout()
    assert asked(question).agent is None


def test_a_login_that_is_out_of_date_is_nobodys(laura):
    session = login(laura)
    session.set_expiry(-1)
    session.save()

    assert asked(Question((), session)).agent is None


def test_whoever_follows_nothing_asks_nothing():
    assert queries([Question(())]) == 0
