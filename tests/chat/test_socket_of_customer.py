"""The customer's socket: its own chat in order, whatever the channel layer does with the news."""

import uuid

import pytest

from chat import events
from chat.events import QUEUE_GROUP, customer_group
from chat.services import return_to_queue
from tests.chat.factories import (
    ANA,
    BETO,
    NOW,
    accept,
    conversing,
    end,
    fill,
    fresh,
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
    silently,
    tell,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def numbers(frames):
    return [frame["number"] for frame in frames if frame["type"] == "message.created"]


def created(line):
    """The news of a line as the customer's group gets them."""
    return events.message_created(line, for_staff=False).frame()


# --- Who may connect ------------------------------------------------------------------------------------


async def test_a_browser_without_cookie_is_closed_with_4404():
    async with refused_socket("/ws/chat/") as socket:
        assert await socket.close_code() == 4404


async def test_a_forged_cookie_is_closed_with_4404():
    await do(start, ANA)
    async with refused_socket("/ws/chat/", f"fs_visitante={ANA.key}") as socket:
        assert await socket.close_code() == 4404


async def test_a_visitor_without_chat_is_closed_with_4404():
    await do(start, ANA)
    async with refused_socket("/ws/chat/", f"fs_visitante={BETO.cookie}") as socket:
        assert await socket.close_code() == 4404


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9", "null", "http://["])
async def test_other_origins_are_turned_away_before_they_are_accepted(origin):
    await do(start, ANA)
    socket = Socket("/ws/chat/", f"fs_visitante={ANA.cookie}", origin)

    is_accepted, _code = await socket.communicator.connect()

    assert not is_accepted


async def test_too_many_sockets_of_one_address_are_closed_with_4429(settings):
    settings.LIMITS = settings.LIMITS | {"sockets_per_address": "1/3600"}
    await do(start, ANA)
    async with customer_socket(ANA), refused_socket("/ws/chat/", f"fs_visitante={ANA.cookie}") as second:
        assert await second.close_code() == 4429


async def test_the_stranger_sees_nothing_of_the_chat():
    session = await do(start, ANA)
    of_beto = await do(start, BETO)
    async with customer_socket(BETO) as stranger:
        # The chat that a customer names is not asked: a browser has one.
        await stranger.follow(session.pk)
        assert (await stranger.next("session.changed"))["session"] == of_beto.pk
        assert (await stranger.next("message.created"))["session"] == of_beto.pk
        await do(say_as_customer, session, "Secreto de Ana")
        frames = await stranger.so_far(customer_group(of_beto.pk))

    assert [frame for frame in frames if frame["type"] == "message.created"] == []
    assert "Secreto" not in str(frames)


# --- In order -------------------------------------------------------------------------------------------


async def test_follow_after_n_gets_the_state_and_the_rest_in_order():
    session = await do(start, ANA)
    for text in ("dos", "tres", "cuatro"):
        await do(say_as_customer, session, text)
    async with customer_socket(ANA) as socket:
        await socket.follow(session.pk, after=2)

        assert (await socket.next())["type"] == "session.changed"
        assert [(await socket.next())["side"] for _each in range(2)] == ["customer", "agent"]
        assert [(line["number"], line["text"]) for line in await socket.lines(2)] == [
            (3, "tres"),
            (4, "cuatro"),
        ]


async def test_before_following_no_line_is_sent():
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await do(say_as_customer, session, "dos")
        assert numbers(await socket.so_far(customer_group(session.pk))) == []

        await socket.follow(session.pk)
        assert [line["number"] for line in await socket.lines(2)] == [1, 2]


async def test_live_lines_arrive_with_the_next_number():
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.follow_live(session.pk, after=1)
        for number in (2, 3, 4):
            await do(say_as_customer, session, f"línea {number}")
            assert (await socket.next("message.created"))["number"] == number


async def test_a_long_absence_is_made_up_in_portions_while_the_browser_reads():
    session = await do(start, ANA)
    await do(fill, session, 500)
    async with customer_socket(ANA) as socket:
        await socket.follow(session.pk)
        got: list[int] = []
        while len(got) < 500:
            got += numbers([await socket.next()])
            if socket.received % 100 == 0:
                await socket.acknowledge()

    assert got == list(range(1, 501))


# --- What the layer does to the news --------------------------------------------------------------------


async def test_news_told_twice_are_sent_once():
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.follow_live(session.pk, after=1)
        line = await do(say_as_customer, session, "dos")
        for _repeat in range(3):
            await tell(customer_group(session.pk), await do(created, line))

        assert numbers(await socket.so_far(customer_group(session.pk))) == [2]


async def test_news_in_the_wrong_order_are_sent_in_order():
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.follow_live(session.pk, after=1)
        lines = await unheard(session, ["dos", "tres", "cuatro"])
        for line in reversed(lines):
            await tell(customer_group(session.pk), await do(created, line))

        assert numbers(await socket.so_far(customer_group(session.pk))) == [2, 3, 4]


async def test_a_line_whose_news_were_lost_is_sent_before_the_next_one():
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.follow_live(session.pk, after=1)
        await unheard(session, ["dos", "tres"])
        await do(say_as_customer, session, "cuatro")

        assert numbers(await socket.so_far(customer_group(session.pk))) == [2, 3, 4]


async def unheard(session, texts):
    """Lines whose news the layer loses."""
    return await do(silently, lambda: [say_as_customer(session, text) for text in texts])


# --- Notes ----------------------------------------------------------------------------------------------


async def test_a_note_never_reaches_the_customer(laura):
    session = await do(conversing, laura)
    async with customer_socket(ANA) as socket:
        await socket.follow_live(session.pk, after=0)
        await do(note, session, laura, "Cliente molesto")
        await do(say_as_agent, session, laura, "Listo")
        frames = await socket.so_far(customer_group(session.pk))

    assert numbers(frames) == [(await do(fresh, session)).last_number]
    assert "molesto" not in str(frames)
    assert {frame["staff_number"] for frame in frames if frame["type"] == "message.created"} == {None}


# --- Commands -------------------------------------------------------------------------------------------


async def test_a_message_is_acknowledged_with_the_number_under_which_it_is_stored():
    session = await do(start, ANA)
    client_id = str(uuid.uuid4())
    async with customer_socket(ANA) as socket:
        await socket.send(type="message.send", text="La serie es A", client_id=client_id)
        stored = await socket.next("message.stored")

    line = await do(session.messages.get, client_id=client_id)
    assert stored == {
        "type": "message.stored",
        "session": session.pk,
        "client_id": client_id,
        "number": line.number,
        "staff_number": None,
        "created_at": "2026-11-24T16:00:00.000Z",
    }
    assert line.text == "La serie es A"


async def test_a_message_sent_again_is_acknowledged_with_the_same_number_and_stored_once():
    session = await do(start, ANA)
    again = {"type": "message.send", "text": "La serie es A", "client_id": str(uuid.uuid4())}
    async with customer_socket(ANA) as socket:
        await socket.send(**again)
        first = await socket.next("message.stored")
    async with customer_socket(ANA) as socket:
        await socket.send(**again)

        assert await socket.next("message.stored") == first
    assert await do(session.messages.count) == 2


async def test_after_the_end_a_new_message_is_refused_and_an_old_one_acknowledged():
    session = await do(start, ANA)
    old = await do(say_as_customer, session, "dos")
    async with customer_socket(ANA) as socket:
        await do(end, session)
        await socket.send(type="message.send", text="dos", client_id=str(old.client_id))
        assert (await socket.next("message.stored", "error"))["type"] == "message.stored"

        client_id = str(uuid.uuid4())
        await socket.send(type="message.send", text="tres", client_id=client_id)
        refused = await socket.next("error")

    assert (refused["code"], refused["client_id"]) == ("chat.ended", client_id)


async def test_too_many_messages_are_refused_with_how_long_to_wait(settings):
    settings.LIMITS = settings.LIMITS | {"messages_per_visitor": "1/60"}
    await do(start, ANA)
    async with customer_socket(ANA) as socket:
        for _each in range(2):
            await socket.send(type="message.send", text="Hola", client_id=str(uuid.uuid4()))
        refused = await socket.next("error")

    assert refused["code"] == "limit.exceeded"
    assert refused["text"].startswith("Ha enviado demasiadas solicitudes en poco tiempo. Espere ")


async def test_typing_and_marks_go_both_ways(laura):
    session = await do(conversing, laura)
    newest = (await do(fresh, session)).last_number
    async with customer_socket(ANA) as customer, agent_socket(laura) as agent:
        await customer.follow_live(session.pk, after=newest)
        await agent.follow_live(session.pk, after=newest)

        await customer.send(type="typing.set", is_typing=True)
        assert await agent.next("typing.changed") == {
            "type": "typing.changed",
            "session": session.pk,
            "side": "customer",
            "is_typing": True,
        }
        await agent.send(type="typing.set", session=session.pk, is_typing=False)
        typing = await customer.next("typing.changed")
        assert (typing["side"], typing["is_typing"]) == ("agent", False)

        await customer.send(type="marks.move", delivered=newest, read=1)
        moved = await agent.next("marks.moved")
        assert (moved["side"], moved["delivered"], moved["read"]) == ("customer", newest, 1)
        await agent.send(type="marks.move", session=session.pk, delivered=1, read=1)
        moved = await customer.next("marks.moved")
        assert (moved["side"], moved["delivered"], moved["read"]) == ("agent", 1, 1)


# --- The queue ------------------------------------------------------------------------------------------


async def test_a_waiting_customer_learns_a_place_and_nothing_of_others(laura):
    of_beto = await do(start, BETO)
    of_ana = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await do(end, of_beto)
        frames = await socket.so_far(customer_group(of_ana.pk))

    assert frames == [{"type": "queue.moved", "place": 1}]


async def test_an_unchanged_place_is_not_told_again():
    of_ana = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await do(start, BETO)
        await tell(QUEUE_GROUP, events.QueueChanged(waiting=[of_ana.pk]).frame())

        assert await socket.so_far(customer_group(of_ana.pk)) == [{"type": "queue.moved", "place": 1}]


async def test_who_is_attended_leaves_the_queues_group_and_who_returns_joins_it_again(laura):
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        assert len(await members(QUEUE_GROUP)) == 1
        attended = await do(accept, session, laura)
        await socket.so_far(customer_group(session.pk))
        assert await members(QUEUE_GROUP) == set()

        await do(return_to_queue, session=attended, now=NOW)
        await socket.so_far(customer_group(session.pk))
        assert len(await members(QUEUE_GROUP)) == 1


async def test_a_closed_socket_leaves_every_group():
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.follow(session.pk)
        await socket.next("message.created")
        assert len(await members(customer_group(session.pk))) == 1

    assert await members(customer_group(session.pk)) == set()
    assert await members(QUEUE_GROUP) == set()
