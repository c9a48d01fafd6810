"""The agents' protocol by plain HTTP: what a socket would have said, for consoles whose sockets are cut."""

import json
import uuid

import pytest

from chat import events
from chat.models import Agent
from tests.chat.factories import (
    ANA,
    BETO,
    NOW,
    accept,
    attended,
    conversing,
    fresh,
    note,
    say_as_customer,
    start,
    texts_of,
)
from tests.chat.test_console_pages import browser_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def console(laura):
    return browser_with(laura)


def poll(browser, *followed):
    """Each followed chat with the last number that the console has."""
    query = [pair for session, after in followed for pair in (("session", session), ("after", after))]
    return browser.get("/agente/eventos/?" + "&".join(f"{name}={value}" for name, value in query))


def frames(browser, *followed):
    return poll(browser, *followed).json()["frames"]


def of_type(frames, kind):
    return [frame for frame in frames if frame["type"] == kind]


def order(browser, **payload):
    response = browser.post("/agente/ordenes/", json.dumps(payload), content_type="application/json")
    return response.json()["frames"]


def test_it_tells_what_a_socket_would_of_each_chat_that_is_followed(console, laura):
    of_ana, of_beto = conversing(laura), attended(laura, BETO)
    note(of_ana, laura, "Cliente molesto")
    last = fresh(of_ana).last_staff_number
    say_as_customer(of_ana, "Ya reinicié")

    told = frames(console, (of_ana.pk, last - 1), (of_beto.pk, 0))

    lines = of_type(told, "message.created")
    assert [line["text"] for line in lines if line["session"] == of_ana.pk] == [
        "Cliente molesto",
        "Ya reinicié",
    ]
    assert [line["text"] for line in lines if line["session"] == of_beto.pk] == texts_of(of_beto)
    for kind in ("session.changed", "typing.changed"):
        assert [frame["session"] for frame in of_type(told, kind)] == [of_ana.pk, of_beto.pk]
    digest = events.digest_of_lists([], [of_ana.pk, of_beto.pk])
    assert of_type(told, "lists.changed") == [{"type": "lists.changed", "waiting": 0, "digest": digest}]
    assert of_type(told, "offline-messages.changed")[0]["waiting"] == 0


def test_a_chat_that_came_to_the_agent_is_told_before_it_is_followed(console, laura):
    waiting = start(BETO)
    mine = attended(laura)

    told = frames(console)

    assert [(frame["session"], frame["agent"]) for frame in of_type(told, "session.changed")] == [
        (mine.pk, laura.pk)
    ]
    digest = events.digest_of_lists([waiting.pk], [mine.pk])
    assert of_type(told, "lists.changed") == [{"type": "lists.changed", "waiting": 1, "digest": digest}]
    assert of_type(told, "message.created") == []


def test_of_another_agents_chat_it_tells_no_line(console, diego):
    session = conversing(diego)

    told = [frame for frame in frames(console, (session.pk, 0)) if frame.get("session") == session.pk]

    assert [(frame["type"], frame["agent"]) for frame in told] == [("session.changed", diego.pk)]


@pytest.mark.parametrize("followed", [("x", 0), (0, 0), (2**63, 0), (1, -1), (1, "")])
def test_what_is_no_number_is_refused(console, followed):
    response = poll(console, followed)

    assert (response.status_code, response.json()["code"]) == (422, "command.invalid")


def test_a_chat_that_does_not_exist_is_nothing(console):
    assert of_type(frames(console, (999_999, 0)), "session.changed") == []


def test_asking_is_a_sign_of_life(console, laura):
    Agent.objects.update(last_seen_at=None)

    poll(console)

    assert Agent.objects.get(pk=laura.pk).last_seen_at == NOW


def test_an_agent_says_a_line_and_writes_a_note(console, laura):
    session = conversing(laura)
    said, noted = str(uuid.uuid4()), str(uuid.uuid4())

    [stored] = order(console, type="message.send", session=session.pk, text="Lo reviso", client_id=said)
    [kept] = order(console, type="note.send", session=session.pk, text="Molesto", client_id=noted)

    assert (stored["type"], stored["client_id"]) == ("message.stored", said)
    assert (kept["client_id"], kept["number"]) == (noted, None)
    assert texts_of(session)[-1] == "Lo reviso"


def test_marks_are_moved_without_an_answer(console, laura):
    session = attended(laura)

    assert order(console, type="marks.move", session=session.pk, delivered=1, read=1) == []
    assert fresh(session).agent_read == 1


@pytest.mark.parametrize("session", [None, "x", True, -1, 2**63, 999_999])
def test_a_command_about_no_chat_is_refused(console, session):
    [error] = order(console, type="message.send", session=session, text="Hola", client_id=str(uuid.uuid4()))

    assert error["type"] == "error"


def test_another_agents_chat_is_not_written_in(console, diego):
    session = accept(start(ANA), diego)
    before = texts_of(session)

    [error] = order(
        console, type="message.send", session=session.pk, text="Hola", client_id=str(uuid.uuid4())
    )

    assert error["code"] == "chat.not-yours"
    assert texts_of(session) == before


def test_what_is_no_json_is_refused(console):
    answer = console.post("/agente/ordenes/", "{", content_type="application/json").json()

    assert [frame["code"] for frame in answer["frames"]] == ["frame.malformed"]
