"""The agent's socket: the chats that the agent may read, and no longer than the agent may."""

import json
import uuid

import pytest

from chat import events, services
from chat.events import AGENTS_GROUP, agent_group, staff_group
from chat.models import SUPERVISORS_GROUP, Agent
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
    identify,
    later,
    note,
    say_as_agent,
    say_as_customer,
    start,
)
from tests.chat.sockets import (
    Socket,
    agent_socket,
    customer_socket,
    do,
    members,
    refused_socket,
    staff_cookie,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def lines_in(frames):
    return [frame for frame in frames if frame["type"] == "message.created"]


async def refused_command(socket, **frame):
    await socket.send(**frame)
    return (await socket.next("error"))["code"]


# --- Who may connect ------------------------------------------------------------------------------------


async def test_who_is_not_logged_in_is_closed_with_4403():
    async with refused_socket("/ws/agente/") as socket:
        assert await socket.close_code() == 4403


async def test_a_customer_is_no_agent():
    await do(start, ANA)
    async with refused_socket("/ws/agente/", f"fs_visitante={ANA.cookie}") as socket:
        assert await socket.close_code() == 4403


async def test_a_login_without_the_group_is_closed_with_4403():
    guest = await do(Agent.objects.create_user, "invitado")
    async with refused_socket("/ws/agente/", await do(staff_cookie, guest)) as socket:
        assert await socket.close_code() == 4403


async def test_a_console_without_chats_hears_at_once_that_frames_come_through(laura):
    waiting = await do(start, ANA)
    socket = await Socket("/ws/agente/", await do(staff_cookie, laura)).open()

    digest = events.digest_of_lists([waiting.pk], [])
    assert await socket.next() == {"type": "lists.changed", "waiting": 1, "digest": digest}
    await socket.leave()


async def test_connecting_is_a_sign_of_life(laura, clock):
    clock.move_to(later(minutes=5))
    async with agent_socket(laura):
        assert (await do(Agent.objects.get, pk=laura.pk)).last_seen_at == later(minutes=5)


# --- Which chats may be followed ------------------------------------------------------------------------


async def test_an_agent_follows_a_chat_of_their_own_with_its_notes(laura):
    session = await do(conversing, laura)
    await do(note, session, laura, "Ya llamó ayer")
    newest = (await do(fresh, session)).last_staff_number
    async with agent_socket(laura) as socket:
        await socket.follow(session.pk)
        lines = await socket.lines(newest)

    assert [line["staff_number"] for line in lines] == list(range(1, newest + 1))
    assert (lines[-1]["text"], lines[-1]["number"]) == ("Ya llamó ayer", None)


async def test_an_agent_follows_several_chats_at_once(laura):
    of_ana, of_beto = await do(conversing, laura, ANA), await do(conversing, laura, BETO)
    async with agent_socket(laura) as socket:
        await socket.follow_live(of_ana.pk, after=99)
        await socket.follow_live(of_beto.pk, after=(await do(fresh, of_beto)).last_staff_number)
        await do(say_as_customer, of_beto, "Soy Beto")

        assert (await socket.next("message.created"))["text"] == "Soy Beto"


async def test_somebody_elses_running_chat_is_neither_followed_nor_written_in(laura, diego):
    session = await do(conversing, laura)
    async with agent_socket(diego) as socket:
        for frame in (
            {"type": "chat.follow", "after": 0},
            {"type": "message.send", "text": "Hola", "client_id": str(uuid.uuid4())},
            {"type": "note.send", "text": "Hola", "client_id": str(uuid.uuid4())},
            {"type": "marks.move", "delivered": 1, "read": 1},
            {"type": "typing.set", "is_typing": True},
        ):
            assert await refused_command(socket, session=session.pk, **frame) == "chat.not-yours"

        await do(say_as_customer, session, "Secreto de Ana")
        assert lines_in(await socket.so_far(agent_group(diego.pk))) == []
    row = await do(fresh, session)
    assert (row.agent_delivered, row.agent_read) == (0, 0)


async def test_a_missing_chat_looks_like_a_forbidden_one(laura):
    async with agent_socket(laura) as socket:
        assert await refused_command(socket, type="chat.follow", session=999, after=0) == "chat.not-yours"


@pytest.mark.parametrize("session", [None, "1", 1.5, True, -1, 0, 2**63, [1]])
async def test_what_is_no_chats_number_is_malformed(laura, session):
    async with agent_socket(laura) as socket:
        code = await refused_command(socket, type="chat.follow", session=session, after=0)

    assert code == "frame.malformed"


@pytest.mark.parametrize("kind", ["message.send", "note.send"])
async def test_a_stored_line_is_acknowledged_again_after_its_chat_went_to_somebody_else(laura, diego, kind):
    session = await do(conversing, laura)
    line = {"type": kind, "session": session.pk, "text": "Reinicie", "client_id": str(uuid.uuid4())}
    async with agent_socket(laura) as socket:
        await socket.send(**line)
        first = await socket.next("message.stored")
        await do(services.return_to_queue, session=session, now=NOW)
        await do(accept, session, diego)

        await socket.send(**line)
        assert await socket.next("message.stored") == first

    async with agent_socket(diego) as socket:
        assert await refused_command(socket, **line) == "message.conflict"


async def test_a_waiting_chat_is_read_and_not_written(laura):
    session = await do(start, ANA)
    async with agent_socket(laura) as socket:
        await socket.follow(session.pk)
        assert (await socket.next("message.created"))["number"] == 1

        sent = {"type": "message.send", "text": "Hola", "client_id": str(uuid.uuid4())}
        assert await refused_command(socket, session=session.pk, **sent) == "chat.not-yours"


async def test_a_supervisor_follows_any_chat_and_stays_when_it_moves(laura):
    elena = await do(AgentFactory.create, username="elena", group=SUPERVISORS_GROUP)
    session = await do(attended, laura)
    async with agent_socket(elena) as socket:
        await socket.follow_live(session.pk, after=(await do(fresh, session)).last_staff_number)
        await do(identify, session)
        assert (await socket.next("session.changed"))["is_identified"]
        await do(say_as_customer, session, "Es la 5.2")

        assert (await socket.next("message.created"))["text"] == "Es la 5.2"


# --- Leaving --------------------------------------------------------------------------------------------


async def test_a_chat_that_is_given_back_is_left(laura, diego):
    session = await do(conversing, laura)
    async with agent_socket(laura) as socket:
        await socket.follow_live(session.pk, after=99)
        await do(services.return_to_queue, session=session, now=NOW)
        await socket.so_far(agent_group(laura.pk))
        assert await members(staff_group(session.pk)) == set()

        await do(accept, session, diego)
        await do(say_as_customer, session, "Secreto de Ana")
        assert lines_in(await socket.so_far(agent_group(laura.pk))) == []


async def test_an_ended_chat_stays_readable(laura):
    session = await do(conversing, laura)
    newest = (await do(fresh, session)).last_staff_number
    async with agent_socket(laura) as socket:
        await socket.follow_live(session.pk, after=newest)
        await do(end, session)
        assert (await socket.next("message.created"))["rule"] == "ended.customer"

        await do(note, session, laura, "Volverá mañana")
        assert (await socket.next("message.created"))["text"] == "Volverá mañana"


async def test_a_closed_socket_leaves_every_group(laura):
    session = await do(conversing, laura)
    groups = [AGENTS_GROUP, agent_group(laura.pk), staff_group(session.pk)]
    async with agent_socket(laura) as socket:
        await socket.follow(session.pk)
        await socket.next("message.created")
        assert [len(await members(group)) for group in groups] == [1, 1, 1]

    assert [len(await members(group)) for group in groups] == [0, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        lambda agent: Agent.objects.filter(pk=agent.pk).update(is_active=False),
        lambda agent: agent.groups.clear(),
        lambda agent: (agent.set_password("otra-clave-larga"), agent.save()),
    ],
    ids=["disabled", "no group", "new password"],
)
async def test_an_agent_who_loses_the_right_is_closed_with_4403_at_once(laura, change):
    session = await do(conversing, laura)
    async with agent_socket(laura) as socket:
        await socket.follow(session.pk)
        await do(change, laura)
        await do(services.agents.access_changed, agent=laura)

        assert await socket.close_code() == 4403


async def test_news_of_rights_that_did_not_change_close_nothing(laura):
    async with agent_socket(laura) as socket:
        await do(services.set_available, agent=laura, is_available=False, now=NOW)

        assert await socket.so_far(agent_group(laura.pk)) == []


# --- Commands -------------------------------------------------------------------------------------------


async def test_an_agents_message_reaches_the_customer_and_is_acknowledged(laura):
    session = await do(conversing, laura)
    newest = (await do(fresh, session)).last_number
    client_id = str(uuid.uuid4())
    async with agent_socket(laura) as agent, customer_socket(ANA) as customer:
        await customer.follow_live(session.pk, after=newest)
        await agent.send(type="message.send", session=session.pk, text="Reinicie", client_id=client_id)
        stored = await agent.next("message.stored")
        line = await customer.next("message.created")

    assert (stored["number"], stored["staff_number"], stored["client_id"]) == (
        newest + 1,
        newest + 1,
        client_id,
    )
    assert (line["text"], line["author_name"]) == ("Reinicie", "Laura Méndez")


async def test_an_agents_message_sent_again_after_the_end_is_acknowledged_with_its_number(laura):
    session = await do(conversing, laura)
    first = await do(say_as_agent, session, laura, "Reinicie")
    await do(end, session)
    async with agent_socket(laura) as socket:
        again = {"text": "Reinicie", "client_id": str(first.client_id)}
        await socket.send(type="message.send", session=session.pk, **again)

        assert (await socket.next("message.stored", "error"))["number"] == first.number


async def test_an_agents_new_message_after_the_end_is_told_that_it_ended(laura):
    session = await do(end, await do(conversing, laura))
    async with agent_socket(laura) as socket:
        sent = {"type": "message.send", "text": "¿Sigue ahí?", "client_id": str(uuid.uuid4())}

        assert await refused_command(socket, session=session.pk, **sent) == "chat.ended"


async def test_a_note_is_acknowledged_without_a_customers_number_also_after_the_end(laura):
    session = await do(end, await do(conversing, laura))
    async with agent_socket(laura) as socket:
        sent = {"text": "Volverá", "client_id": str(uuid.uuid4())}
        await socket.send(type="note.send", session=session.pk, **sent)
        stored = await socket.next("message.stored", "error")

    assert (stored["number"], stored["staff_number"]) == (None, (await do(fresh, session)).last_staff_number)


async def test_agents_have_no_limit_of_messages(laura, settings):
    settings.LIMITS = settings.LIMITS | {"messages_per_visitor": "1/60"}
    session = await do(conversing, laura)
    async with agent_socket(laura) as socket:
        for number in range(3):
            await socket.send(
                type="message.send", session=session.pk, text=f"{number}", client_id=str(uuid.uuid4())
            )
            assert (await socket.next("message.stored", "error"))["type"] == "message.stored"


# --- The queue ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["own", "another's"])
async def test_every_console_is_told_once_of_each_chat_that_comes_is_taken_and_ends(laura, diego, whose):
    agent = laura if whose == "own" else diego
    async with agent_socket(agent) as socket:
        session = await do(start, ANA)
        await do(accept, session, laura)
        await do(end, session)
        frames = await socket.so_far(agent_group(agent.pk))

    told = [(frame["type"], frame["state"], frame["agent"]) for frame in frames]
    assert told == [
        ("session.changed", "waiting", None),
        ("session.changed", "active", laura.pk),
        ("session.changed", "ended", laura.pk),
    ]


async def test_who_follows_the_chat_that_ends_hears_of_it_once_beside_its_line(laura):
    session = await do(conversing, laura)
    async with agent_socket(laura) as socket:
        await socket.follow_live(session.pk, after=(await do(fresh, session)).last_staff_number)
        await do(end, session)
        frames = await socket.so_far(agent_group(laura.pk))

    assert [frame["type"] for frame in frames] == ["message.created", "session.changed"]


async def test_what_a_console_is_told_of_one_event_does_not_grow_with_the_queue(laura):
    for number in range(60):
        await do(start, Customer(f"Cliente {number}", f"cliente{number}@despacho-lopez.mx", f"k{number}"))
    async with agent_socket(laura) as socket:
        await do(start, ANA)
        [frame] = await socket.so_far(agent_group(laura.pk))

    assert len(json.dumps(frame)) <= 400


async def test_of_two_sockets_of_one_agent_both_get_the_lines(laura):
    session = await do(conversing, laura)
    newest = (await do(fresh, session)).last_staff_number
    async with agent_socket(laura) as one, agent_socket(laura) as other:
        for socket in (one, other):
            await socket.follow_live(session.pk, after=newest)
        await do(say_as_customer, session, "Aquí sigo")

        for socket in (one, other):
            assert (await socket.next("message.created"))["text"] == "Aquí sigo"
