"""What arrives together is stored in one commit, and each of it for itself."""

import asyncio
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import access, commands
from chat.consumers import database
from chat.events import customer_group, staff_group
from chat.models import ChatSession, Message
from chat.services import Author, Claim, Draft, Post, store_together
from chat.services.rules import ChatEnded, DraftConflict, NotYourChat
from tests.chat.factories import (
    ANA,
    BETO,
    NOW,
    conversing,
    end,
    fresh,
    later,
    say_as_agent,
    say_as_customer,
    start,
)
from tests.chat.sockets import Socket, customer_socket, do


def post(session, text="Sigue igual", agent=None, client_id=None):
    draft = Draft(text=text, client_id=client_id or uuid.uuid4())
    return Post(session=session.pk, author=Author(agent), draft=draft)


def texts(session):
    return list(session.messages.for_customer().values_list("text", flat=True))


def statements(act):
    """What is asked of the database, by the first word of each statement."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"].split()[0] for query in captured]


@pytest.mark.django_db
def test_lines_and_marks_of_several_chats_are_stored(laura):
    of_ana, of_beto = conversing(laura), conversing(laura, BETO)
    seen = fresh(of_ana).last_number

    outcomes = store_together(
        [
            post(of_ana, "De Ana"),
            post(of_beto, "Para Beto", laura),
            Claim(session=of_ana.pk, author=Author(laura), delivered=seen, read=1),
            post(of_ana, "Otra de Ana"),
        ],
        later(minutes=1),
    )

    assert texts(of_ana)[-2:] == ["De Ana", "Otra de Ana"]
    assert texts(of_beto)[-1] == "Para Beto"
    assert [outcomes[n].number for n in (0, 3)] == [seen + 1, seen + 2]
    ana, beto = fresh(of_ana), fresh(of_beto)
    assert (ana.last_number, ana.agent_delivered, ana.agent_read) == (seen + 2, seen, 1)
    # Silence counts from the agent's line on, and Ana's stops it.
    assert (ana.customer_turn_since, beto.customer_turn_since) == (None, later(minutes=1))


@pytest.mark.django_db(transaction=True)
def test_one_commit_and_as_many_statements_as_for_one(laura):
    sessions = [conversing(laura), conversing(laura, BETO)]
    now = later(minutes=1)

    one = statements(lambda: store_together([post(sessions[0])], now))
    many = statements(lambda: store_together([post(s, f"{n}") for n in range(20) for s in sessions], now))

    assert len(one) <= 6
    # An update of several rows is one statement, that counts how often.
    assert len(many) == len(one)
    assert [word for word in many if word in {"BEGIN", "COMMIT", "INSERT"}] == [
        word for word in one if word in {"BEGIN", "COMMIT", "INSERT"}
    ]
    assert many.count("INSERT") == 1


@pytest.mark.django_db
def test_whoever_breaks_a_rule_holds_up_nobody(laura, diego):
    of_ana, of_beto = conversing(laura), end(conversing(laura, BETO))
    known = say_as_customer(of_ana, "Ya estaba")

    outcomes = store_together(
        [
            post(of_beto),
            post(of_ana, "Otro texto", client_id=known.client_id),
            post(of_ana, "De otro agente", diego),
            Claim(session=of_ana.pk, author=Author(diego), delivered=1, read=1),
            Post(session=2**31 - 1, author=Author(), draft=Draft(text="A ninguno")),
            post(of_ana, "Se guarda"),
        ],
        NOW,
    )

    kinds = [ChatEnded, DraftConflict, NotYourChat, NotYourChat, NotYourChat, Message]
    assert [type(outcome) for outcome in outcomes] == kinds
    assert texts(of_ana)[-2:] == ["Ya estaba", "Se guarda"]


@pytest.mark.django_db
def test_a_line_that_comes_twice_at_once_is_one(laura):
    session = conversing(laura)
    client_id = uuid.uuid4()

    first, again, other = store_together(
        [
            post(session, "Una vez", client_id=client_id),
            post(session, "Una vez", client_id=client_id),
            post(session, "Otra cosa", client_id=client_id),
        ],
        NOW,
    )

    assert first.number == again.number
    assert isinstance(other, DraftConflict)
    assert texts(session).count("Una vez") == 1


@pytest.mark.django_db
def test_a_line_that_is_sent_again_among_others_is_acknowledged_and_leaves_no_hole(laura):
    of_ana, of_beto = conversing(laura), conversing(laura, BETO)
    known = say_as_customer(of_ana, "Ya estaba")

    outcomes = store_together(
        [
            post(of_beto, "De Beto"),
            post(of_ana, "Ya estaba", client_id=known.client_id),
            post(of_ana, "Lo que sigue"),
        ],
        NOW,
    )

    assert outcomes[1] == known
    assert [outcomes[1].number, outcomes[2].number] == [known.number, known.number + 1]
    assert texts(of_ana)[-2:] == ["Ya estaba", "Lo que sigue"]
    assert texts(of_beto).count("De Beto") == 1
    assert fresh(of_ana).last_number == known.number + 1


@pytest.mark.django_db
def test_lines_that_were_stored_are_acknowledged_again_after_the_end_and_by_whoever_lost_the_chat(
    laura, diego
):
    session = conversing(laura)
    asked, answered = say_as_customer(session, "Ya estaba"), say_as_agent(session, laura, "También")
    ChatSession.objects.filter(pk=session.pk).update(agent=diego)
    said = post(session, "También", laura, client_id=answered.client_id)
    assert store_together([said], NOW) == [answered]

    end(session)

    assert store_together([post(session, "Ya estaba", client_id=asked.client_id), said], NOW) == [
        asked,
        answered,
    ]


@pytest.mark.django_db
def test_several_vague_lines_at_once_bring_one_request(laura):
    session = conversing(laura)

    store_together([post(session, "Ayuda"), post(session, "Error")], NOW)

    assert session.messages.filter(rule="message.vague").count() == 1
    numbers = list(session.messages.for_customer().values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.django_db
def test_each_side_is_told_in_order_and_nothing_of_what_was_refused(
    ear, laura, diego, django_capture_on_commit_callbacks
):
    session = conversing(laura)
    of_staff, of_customer = ear(staff_group(session.pk)), ear(customer_group(session.pk))

    with django_capture_on_commit_callbacks(execute=True):
        store_together([post(session, "Uno"), post(session, "No", diego), post(session, "Dos", laura)], NOW)

    assert [frame["text"] for frame in of_staff.frames()] == ["Uno", "Dos"]
    assert [frame["text"] for frame in of_customer.frames()] == ["Uno", "Dos"]


# --- Commands -------------------------------------------------------------------------------------------


def sent(session, text, **changes):
    asker = commands.Asker(session=session.pk, visitor=session.visitor_id)
    return asker, {"type": "message.send", "text": text, "client_id": str(uuid.uuid4()), **changes}


@pytest.mark.django_db
def test_what_breaks_the_commit_of_all_is_stored_or_refused_alone(laura, monkeypatch):
    of_ana, of_beto = conversing(laura), conversing(laura, BETO)
    whole = Message.objects.bulk_create

    def poisoned(lines):
        if any("veneno" in line.text for line in lines):
            raise ValueError("veneno")
        return whole(lines)

    monkeypatch.setattr(type(Message.objects), "bulk_create", lambda _self, lines: poisoned(lines))
    answers = commands.run_commands([sent(of_ana, "Bien"), sent(of_beto, "Con veneno")], NOW)

    assert answers[0]["type"] == "message.stored"
    assert isinstance(answers[1], ValueError)
    assert texts(of_ana)[-1] == "Bien"
    assert "Con veneno" not in texts(of_beto)


@pytest.mark.django_db
def test_an_overdue_chat_that_cannot_be_ended_keeps_nobody_from_an_answer(laura, monkeypatch):
    overdue, of_beto = end(conversing(laura)), conversing(laura, BETO)
    monkeypatch.setattr(commands.services, "enforce", lambda *_: 1 / 0)

    late, stored = commands.run_commands([sent(overdue, "Tarde"), sent(of_beto, "A tiempo")], NOW)

    assert isinstance(late, ZeroDivisionError)
    assert stored["type"] == "message.stored"


@pytest.mark.django_db
def test_a_customer_over_the_limit_holds_up_nobody(laura, settings):
    settings.LIMITS = settings.LIMITS | {"messages_per_visitor": "1/86400"}
    of_ana, of_beto = conversing(laura), conversing(laura, BETO)

    answers = commands.run_commands([sent(of_ana, "1"), sent(of_ana, "2"), sent(of_beto, "3")], NOW)

    assert [getattr(answer, "code", None) for answer in answers] == [None, "limit.exceeded", None]
    assert texts(of_ana)[-1] == "1"


# --- Sockets --------------------------------------------------------------------------------------------


@pytest.fixture
def held(monkeypatch):
    """The thread of the database is busy until the event is set; what it is asked then is kept."""
    opened, turns = asyncio.Event(), []
    opened.set()
    run = database.run_commands

    async def run_later(asked):
        turns.append(asked)
        await opened.wait()
        return await run(asked)

    monkeypatch.setattr(database, "run_commands", run_later)
    return opened, turns


@pytest.mark.django_db(transaction=True)
async def test_what_comes_while_the_database_works_goes_in_one_turn(held):
    opened, turns = held
    await do(start, ANA)
    await do(start, BETO)
    async with customer_socket(ANA) as ana, customer_socket(ANA) as ana_too, customer_socket(BETO) as beto:
        opened.clear()
        turns.clear()
        await ana.send(type="message.send", text="Sigue", client_id=str(uuid.uuid4()))
        await until(lambda: turns)
        for socket in (ana_too, beto):
            await socket.send(type="message.send", text="Sigue", client_id=str(uuid.uuid4()))
        await until(lambda: len(waiting()) == 2)
        opened.set()
        stored = [await socket.next("message.stored") for socket in (ana, ana_too, beto)]

    assert [len(turn) for turn in turns] == [1, 2]
    assert sorted(frame["number"] for frame in stored) == [2, 2, 3]


@pytest.mark.django_db(transaction=True)
async def test_a_socket_that_leaves_while_it_waits_keeps_nobody_from_an_answer(held):
    opened, turns = held
    session = await do(start, ANA)
    await do(start, BETO)
    ana = await Socket("/ws/chat/", f"{access.COOKIE_NAME}={ANA.cookie}").open()
    async with customer_socket(BETO) as beto:
        opened.clear()
        turns.clear()
        await ana.send(type="message.send", text="Adiós", client_id=str(uuid.uuid4()))
        await until(lambda: turns)
        # As the server does with whoever is gone.
        ana.communicator.stop()
        await beto.send(type="message.send", text="Sigo aquí", client_id=str(uuid.uuid4()))
        opened.set()
        assert (await beto.next("message.stored"))["number"] == 2

    assert "Adiós" in await do(texts, session)


def waiting():
    """The commands that the thread of the database has yet to take."""
    return database.run.waiting()


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)
