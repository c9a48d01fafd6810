"""Heartbeats find what news lost, and peers that are dead or do not read."""

import asyncio
import json
from datetime import timedelta

import pytest
from django.db import connection

from chat import events, services
from chat.consumers import base as consumers
from chat.consumers import database
from chat.events import customer_group, staff_group
from chat.models import AGENTS_GROUP, SUPERVISORS_GROUP, Agent
from chat.services.agents import set_group
from tests.chat.factories import (
    ANA,
    BETO,
    NOW,
    AgentFactory,
    accept,
    conversing,
    end,
    fill,
    fresh,
    later,
    move_marks,
    note,
    say_as_agent,
    say_as_customer,
    start,
)
from tests.chat.sockets import agent_socket, customer_socket, do, members, silently, tell

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]

TINY = timedelta(seconds=0.05)


@pytest.fixture
def quick_beats(settings, monkeypatch):
    """Heartbeats follow each other, and a test that is slow to answer is not taken for dead."""
    settings.CHAT_HEARTBEAT = TINY
    monkeypatch.setattr(consumers, "MISSED_HEARTBEATS", 1_000)
    monkeypatch.setattr(consumers, "WINDOW", 100_000)


def seen_at(agent):
    return Agent.objects.get(pk=agent.pk).last_seen_at


async def until(condition):
    """Wait until it holds in the database."""
    async with asyncio.timeout(10):
        while not await do(condition):
            await asyncio.sleep(0.01)


def of_type(frames, *types):
    return [frame for frame in frames if frame["type"] in types]


# --- What it says ---------------------------------------------------------------------------------------


async def test_a_heartbeat_carries_the_newest_number_and_how_many_frames_were_sent(quick_beats):
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.follow(session.pk)
        await socket.next("message.created")
        beat = await socket.next("heartbeat")

        assert beat == {
            "type": "heartbeat",
            "now": "2026-11-24T16:00:00.000Z",
            "newest": {str(session.pk): 1},
            "sent": socket.received,
        }


async def test_staff_numbers_are_those_of_staff(quick_beats, laura):
    session = await do(conversing, laura)
    await do(services.post_note, session=session, agent=laura, draft=services.Draft(text="Nota"), now=NOW)
    row = await do(fresh, session)
    async with agent_socket(laura) as socket:
        await socket.follow(session.pk)
        await socket.lines(row.last_staff_number)

        assert (await socket.next("heartbeat"))["newest"] == {str(session.pk): row.last_number + 1}


# --- What it repairs ------------------------------------------------------------------------------------


async def test_a_line_whose_news_were_lost_comes_without_any_traffic(quick_beats):
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.follow_live(session.pk, after=1)
        await do(silently, lambda: say_as_customer(session, "dos"))

        assert (await socket.next("message.created"))["text"] == "dos"


async def test_a_note_whose_news_were_lost_comes_to_staff(quick_beats, laura):
    session = await do(conversing, laura)
    newest = (await do(fresh, session)).last_staff_number
    async with agent_socket(laura) as socket:
        await socket.follow_live(session.pk, after=newest)
        draft = services.Draft(text="Ya llamó")
        await do(silently, lambda: services.post_note(session=session, agent=laura, draft=draft, now=NOW))

        assert (await socket.next("message.created"))["text"] == "Ya llamó"


async def test_an_end_whose_news_were_lost_is_told(quick_beats, laura):
    session = await do(conversing, laura)
    async with customer_socket(ANA) as socket:
        await socket.follow_live(session.pk, after=(await do(fresh, session)).last_number)
        await do(silently, lambda: end(session))

        assert (await socket.next("session.changed"))["state"] == "ended"


async def test_marks_whose_news_were_lost_are_told(quick_beats, laura):
    session = await do(conversing, laura)
    async with customer_socket(ANA) as socket:
        await socket.follow_live(session.pk, after=(await do(fresh, session)).last_number)
        await do(silently, lambda: move_marks(session, "agent", 2, 1))

        moved = await socket.next("marks.moved")
    assert (moved["side"], moved["delivered"], moved["read"]) == ("agent", 2, 1)


async def test_what_was_told_is_not_told_again(quick_beats, laura):
    session = await do(conversing, laura)
    async with customer_socket(ANA) as socket:
        await socket.follow(session.pk)
        await socket.until_repaired()

        assert await socket.until_repaired() == []


async def test_a_place_whose_news_were_lost_is_told(quick_beats):
    of_beto = await do(start, BETO)
    await do(start, ANA)
    async with customer_socket(ANA) as socket:
        assert (await socket.next("queue.moved"))["place"] == 2
        await do(silently, lambda: end(of_beto))

        assert (await socket.next("queue.moved"))["place"] == 1


async def test_a_chat_in_the_queue_whose_news_were_lost_is_told_to_consoles(quick_beats, laura):
    async with agent_socket(laura) as socket:
        await do(silently, lambda: start(ANA))

        assert (await socket.next("lists.changed"))["waiting"] == 1


async def test_a_chat_that_came_and_left_unheard_is_told_although_the_lists_are_as_at_first(
    quick_beats, laura
):
    async with agent_socket(laura) as socket:
        first = await do(events.lists_changed, laura)
        session = await do(start, ANA)
        assert (await socket.next("session.changed"))["state"] == "waiting"
        await do(silently, lambda: end(session))

        # A heartbeat may have been in between.
        while (await socket.next("lists.changed")) != first.frame():
            pass


async def test_a_chat_that_was_given_to_an_agent_is_told_although_the_news_were_lost(quick_beats, laura):
    """The queue is empty before and after."""
    async with agent_socket(laura) as socket:
        await do(silently, lambda: accept(start(ANA), laura))

        told = await socket.next("lists.changed")
        assert told == (await do(events.lists_changed, laura)).frame()
        assert told["waiting"] == 0


async def test_a_chat_that_went_to_another_agent_is_left_although_the_news_were_lost(
    quick_beats, laura, diego
):
    session = await do(conversing, laura)
    async with agent_socket(laura) as socket:
        await socket.follow_live(session.pk, after=(await do(fresh, session)).last_staff_number)

        def move():
            services.return_to_queue(session=session, now=NOW)
            accept(session, diego)
            say_as_agent(session, diego, "Secreto de Diego")

        await do(silently, move)
        frames = await socket.until_repaired()

        assert await members(staff_group(session.pk)) == set()
    assert of_type(frames, "message.created") == []
    assert of_type(frames, "session.changed")[-1]["agent"] == diego.pk


async def test_stale_news_of_the_state_are_corrected(quick_beats, laura):
    session = await do(conversing, laura)
    async with customer_socket(ANA) as socket:
        await socket.follow(session.pk, after=(await do(fresh, session)).last_number)
        now = await socket.next("session.changed")
        await tell(customer_group(session.pk), now | {"state": "waiting", "agent": None})
        assert (await socket.next("session.changed"))["state"] == "waiting"

        assert await socket.next("session.changed") == now


async def test_a_heartbeat_tells_no_older_state_after_a_newer_one(quick_beats, laura, monkeypatch):
    session = await do(conversing, laura)
    look, has_looked, may_answer = database.look, asyncio.Event(), asyncio.Event()

    async def slowly(question, patience=0.0):
        answer = await look(question, patience)
        has_looked.set()
        await may_answer.wait()
        return answer

    async with customer_socket(ANA) as socket:
        await socket.follow_live(session.pk, after=(await do(fresh, session)).last_number)
        monkeypatch.setattr(database, "look", slowly)
        async with asyncio.timeout(10):
            await has_looked.wait()
        await do(end, session)
        assert (await socket.next("session.changed"))["state"] == "ended"
        may_answer.set()

        frames = await socket.until_repaired()
    assert of_type(frames, "session.changed") == []


async def test_leaving_a_chat_during_a_heartbeat_stops_no_heartbeat(quick_beats, laura, diego):
    """The heartbeat's own work and the news interleave."""
    session = await do(conversing, laura)
    async with agent_socket(laura) as socket:
        for _round in range(4):
            await socket.follow(session.pk, after=99)
            await do(services.return_to_queue, session=await do(fresh, session), now=NOW)
            await do(accept, session, diego)
            await do(services.return_to_queue, session=await do(fresh, session), now=NOW)
            await do(accept, session, laura)
        await socket.until_repaired()

        assert await socket.next("heartbeat")


async def test_a_chat_that_a_heartbeat_leaves_while_it_is_followed_ends_no_socket(
    quick_beats, laura, diego, monkeypatch
):
    session = await do(conversing, laura)
    look, followed, may_answer = database.look, [], asyncio.Event()

    async def slowly(question, patience=0.0):
        answer = await look(question, patience)
        if not question.wants_lists:
            followed.append(answer)
            # The second look of following: the chat's group is joined.
            if len(followed) == 2:
                await may_answer.wait()
        return answer

    def move():
        services.return_to_queue(session=fresh(session), now=NOW)
        accept(session, diego)

    async with agent_socket(laura) as socket:
        monkeypatch.setattr(database, "look", slowly)
        await socket.follow(session.pk)
        async with asyncio.timeout(10):
            while len(followed) < 2:
                await asyncio.sleep(0.01)
            await do(silently, move)
            while await members(staff_group(session.pk)):
                await asyncio.sleep(0.01)
        may_answer.set()
        await socket.ready()

        frames = await socket.until_repaired()
        assert of_type(frames, "message.created") == []
        await do(say_as_agent, session, diego, "Secreto de Diego")
        assert of_type(await socket.until_repaired(), "message.created") == []


# --- Whom it ends ---------------------------------------------------------------------------------------


async def test_who_answers_no_heartbeat_is_closed_with_4408(settings):
    settings.CHAT_HEARTBEAT = TINY
    await do(start, ANA)
    async with customer_socket(ANA) as socket:
        assert await socket.close_code() == 4408


async def test_two_heartbeats_may_go_unanswered_and_no_third_is_sent(settings):
    settings.CHAT_HEARTBEAT = TINY
    await do(start, ANA)
    async with customer_socket(ANA) as socket:
        frames = [await socket.communicator.receive_output(10) for _each in range(4)]

    sent = [frame.get("text", frame.get("code")) for frame in frames]
    # A place in the queue, two heartbeats, and the end.
    assert ['"type":"heartbeat"' in str(text) for text in sent] == [False, True, True, False]
    assert sent[-1] == 4408


async def test_talking_is_no_answer_to_a_heartbeat(settings):
    """Typing tells that the browser sends, not that it receives."""
    settings.CHAT_HEARTBEAT = TINY
    await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.next("heartbeat")
        await socket.send(type="typing.set", is_typing=True)

        assert await socket.close_code() == 4408


@pytest.mark.parametrize("received", [-1, 10_000, 1.5, "1", True, None])
async def test_a_claim_of_frames_that_were_not_sent_is_malformed(received):
    await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.send(type="heartbeat", received=received)

        assert (await socket.next("error"))["code"] == "frame.malformed"


async def test_a_disabled_agent_is_closed_with_4403_at_the_next_heartbeat(quick_beats, laura):
    async with agent_socket(laura) as socket:
        await socket.next("heartbeat")
        await do(Agent.objects.filter(pk=laura.pk).update, is_active=False)

        assert await socket.close_code() == 4403


async def test_an_answered_heartbeat_is_an_agents_sign_of_life_and_an_unanswered_one_is_not(
    quick_beats, laura, clock
):
    async with agent_socket(laura) as socket:
        await socket.next("heartbeat")
        clock.move_to(later(minutes=1))
        await socket.until_repaired()
        assert (await do(Agent.objects.get, pk=laura.pk)).last_seen_at == NOW

        await socket.acknowledge()
        await until(lambda: seen_at(laura) == later(minutes=1))


async def test_a_heartbeat_that_fails_ends_the_socket_instead_of_leaving_it_deaf(quick_beats, laura, caplog):
    session = await do(conversing, laura)
    async with agent_socket(laura) as socket:
        await socket.follow(session.pk)
        await socket.next("heartbeat")
        await do(lose_table)
        try:
            assert await socket.close_code() == 1011
        finally:
            await do(restore_table)
    assert "A socket's heartbeat failed." in caplog.text


def lose_table():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE chat_chatsession RENAME TO chat_chatsession_gone")


def restore_table():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE chat_chatsession_gone RENAME TO chat_chatsession")


# --- The window -----------------------------------------------------------------------------------------


async def test_a_browser_that_acknowledges_nothing_is_closed_with_4409(laura):
    session = await do(start, ANA)
    frame = {"type": "typing.changed", "session": session.pk, "side": "agent", "is_typing": True}
    async with customer_socket(ANA) as socket:
        # The layer takes only so many at once; the socket drains them in between.
        for _burst in range(4):
            for _each in range(90):
                await tell(customer_group(session.pk), frame)
            await tell(customer_group(session.pk), {"type": "test.mark"})
            if (await next_or_close(socket, "test.mark")) == 4409:
                break
        else:
            pytest.fail("all 360 frames were sent to a browser that acknowledges nothing")
        assert socket.received == consumers.WINDOW + 1


async def test_a_browser_that_acknowledges_goes_on(laura):
    session = await do(start, ANA)
    frame = {"type": "typing.changed", "session": session.pk, "side": "agent", "is_typing": True}
    async with customer_socket(ANA) as socket:
        for _burst in range(4):
            for _each in range(90):
                await tell(customer_group(session.pk), frame)
            await tell(customer_group(session.pk), {"type": "test.mark"})
            assert await next_or_close(socket, "test.mark") is None
            await socket.acknowledge()
        assert socket.received > consumers.WINDOW


async def next_or_close(socket, type):
    """Read up to a frame; the code when the server closes first."""
    while True:
        message = await socket.communicator.receive_output(10)
        if message["type"] == "websocket.close":
            return message["code"]
        socket.received += 1
        if json.loads(message["text"])["type"] == type:
            return None


async def test_a_long_history_does_not_close_a_browser_that_has_yet_to_acknowledge():
    session = await do(start, ANA)
    await do(fill, session, 450)
    async with customer_socket(ANA) as socket:
        await socket.follow(session.pk)
        for _each in range(150):
            await socket.next("message.created")
        await socket.acknowledge()
        numbers = [(await socket.next("message.created"))["number"] for _each in range(150)]
        await socket.acknowledge()
        numbers += [(await socket.next("message.created"))["number"] for _each in range(150)]

    assert numbers == list(range(151, 451))


async def test_nothing_is_sent_after_the_end(settings, laura):
    settings.CHAT_HEARTBEAT = TINY
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        assert await socket.close_code() == 4408
        await socket.send(type="chat.follow", after=0)
        await tell(customer_group(session.pk), {"type": "test.late"})

        assert await socket.communicator.receive_nothing()


async def test_a_supervisor_who_is_made_an_agent_stops_reading_others_chats(quick_beats, laura):
    diego = await do(AgentFactory.create, username="diego", group=SUPERVISORS_GROUP)
    session = await do(conversing, laura)
    async with agent_socket(diego) as socket:
        await socket.follow_live(session.pk, after=(await do(fresh, session)).last_staff_number)
        await do(set_group, agent=diego, name=AGENTS_GROUP)
        await do(note, session, laura, "Secreto de Laura")
        frames = await socket.until_repaired()

        assert await members(staff_group(session.pk)) == set()
        await socket.follow(session.pk)
        assert (await socket.next("error"))["code"] == "chat.not-yours"
    assert of_type(frames, "message.created") == []


async def test_the_answer_to_a_heartbeat_is_the_sign_of_life(settings, laura, clock):
    async with agent_socket(laura) as socket:
        clock.move_to(later(seconds=17))
        await socket.acknowledge()
        await until(lambda: seen_at(laura) == later(seconds=17))


async def test_whoever_closes_the_console_was_there_until_then(laura, clock):
    async with agent_socket(laura) as socket:
        await socket.ready()
        clock.move_to(later(seconds=31))

    assert (await do(Agent.objects.get, pk=laura.pk)).last_seen_at == later(seconds=31)


async def test_a_console_that_was_given_up_for_silence_gives_no_last_sign(settings, laura, clock):
    settings.CHAT_HEARTBEAT = TINY
    async with agent_socket(laura) as socket:
        clock.move_to(later(seconds=40))
        assert await socket.close_code() == 4408

    assert (await do(Agent.objects.get, pk=laura.pk)).last_seen_at == NOW


async def test_a_waiting_customer_reads_the_place_at_once():
    await do(start, BETO)
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.follow(session.pk)

        assert (await socket.next("queue.moved"))["place"] == 2
