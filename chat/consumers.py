"""Sockets: decode, authorise, call one service, encode. Closing codes are in `chat/PROTOCOL.md`."""

import asyncio
import json
import logging
from typing import Any

from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http import parse_cookie
from django.utils import timezone

from chat import access, commands, events, readers, services
from chat.cursor import Cursor, Verdict
from chat.models import Agent, ChatSession
from core.errors import RuleBroken
from core.limits import check_limit, client_address
from core.strict_json import BadFrame, loads_strict

MAX_FRAME_CHARS = 16_384
# Pushes a browser may leave unacknowledged before it counts as not reading: it bounds what a slow reader
# costs in memory, far above what a chat sends between two heartbeats.
WINDOW = 300
# What catching up leaves of the window to everything else that a socket is sent.
HEADROOM = 100
MISSED_HEARTBEATS = 2
FRAMES_PER_SECOND = 30
# Facts that the next one of the same kind replaces; when its news got lost, a heartbeat brings it.
STANDING = {
    events.SessionChanged.type,
    events.MarksMoved.type,
    events.QueueChanged.type,
    events.QueueMoved.type,
}

logger = logging.getLogger(__name__)


class Close:
    """Why a socket ended, as its browser reads it."""

    BROKEN = 1011
    NOT_YOURS = 4403
    NO_CHAT = 4404
    SILENT = 4408
    NOT_READING = 4409
    TOO_MANY = 4429


type Frame = dict[str, Any]


class SupportConsumer(AsyncWebsocketConsumer):
    """What both sides share: heartbeats, the window of unacknowledged pushes, and gap repair."""

    for_staff: bool

    async def connect(self) -> None:
        self.cursors: dict[int, Cursor] = {}
        # Chats with lines that wait for room in the window, and what the browser was told last of each fact.
        self.behind: set[int] = set()
        self.told: dict[object, Frame] = {}
        self.is_closing = False
        self.groups_joined: set[str] = set()
        self.sent = self.acknowledged = self.unanswered = self.frames_this_second = 0
        self.second = 0
        self.beat: asyncio.Task[None] | None = None
        await self.accept()
        if (code := await self.admit()) is not None:
            await self.close(code)
            return
        self.beat = asyncio.create_task(self._beat())

    async def admit(self) -> int | None:
        """Authorise and join; the closing code when the socket may not stay."""
        raise NotImplementedError

    async def disconnect(self, _code: int) -> None:
        if self.beat is not None:
            self.beat.cancel()
        for group in list(self.groups_joined):
            await self.leave(group)
        raise StopConsumer

    async def join(self, group: str) -> None:
        self.groups_joined.add(group)
        await self.channel_layer.group_add(group, self.channel_name)

    async def leave(self, group: str) -> None:
        self.groups_joined.discard(group)
        await self.channel_layer.group_discard(group, self.channel_name)

    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        """Close once; nothing is sent or read after it."""
        if not self.is_closing:
            self.is_closing = True
            await super().close(code, reason)

    async def push(self, frame: Frame) -> None:
        """Send one frame, unless the browser stopped reading."""
        if self.is_closing:
            return
        if self.sent - self.acknowledged > WINDOW:
            await self.close(Close.NOT_READING)
            return
        self._remember(frame)
        self.sent += 1
        await self.send(text_data=json.dumps(frame, ensure_ascii=False, separators=(",", ":")))

    def _remember(self, frame: Frame) -> None:
        """Keep what was told of the chats that this socket follows, and of the queue."""
        if frame["type"] in STANDING and frame.get("session", 0) in {0, *self.cursors}:
            self.told[_subject(frame)] = frame

    def forget(self, session: int) -> None:
        """Stop following a chat."""
        del self.cursors[session]
        self.behind.discard(session)
        self.told = {about: fact for about, fact in self.told.items() if fact.get("session") != session}

    # Commands: browser to server.

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.is_closing:
            return
        if self._is_flooding():
            await self.close(Close.TOO_MANY)
            return
        payload: Frame = {}
        try:
            payload = loads_strict(text_data or bytes_data or "", max_chars=MAX_FRAME_CHARS)
            await self.handle(payload)
        except RuleBroken as broken:
            await self.push(commands.error_frame(broken, payload))

    def _is_flooding(self) -> bool:
        second = int(asyncio.get_running_loop().time())
        if second != self.second:
            self.second, self.frames_this_second = second, 0
        self.frames_this_second += 1
        return self.frames_this_second > FRAMES_PER_SECOND

    async def handle(self, payload: Frame) -> None:
        if payload.get("type") == "heartbeat":
            await self._heard(payload)
        elif payload.get("type") == "chat.follow":
            await self.follow(payload)
        else:
            await self.command(payload)

    async def command(self, payload: Frame) -> None:
        raise NotImplementedError

    async def follow(self, payload: Frame) -> None:
        raise NotImplementedError

    async def _heard(self, payload: Frame) -> None:
        """A browser's answer: how many frames it has received on this socket."""
        received = payload.get("received")
        if not isinstance(received, int) or isinstance(received, bool) or not 0 <= received <= self.sent:
            raise BadFrame
        self.acknowledged = max(self.acknowledged, received)
        self.unanswered = 0
        for session in list(self.behind):
            await self.catch_up(session)

    # Heartbeats: server to browser, since browsers slow the timers of hidden pages but not their sockets.

    async def _beat(self) -> None:
        try:
            while not self.is_closing:
                await asyncio.sleep(settings.CHAT_HEARTBEAT.total_seconds())
                await self.on_beat()
        except Exception:
            # A socket without heartbeats would never be missed; its browser comes back.
            logger.exception("A socket's heartbeat failed.")
            await self.close(Close.BROKEN)

    async def on_beat(self) -> None:
        if self.unanswered >= MISSED_HEARTBEATS:
            await self.close(Close.SILENT)
            return
        await self.repair()
        self.unanswered += 1
        newest = {session: cursor.sent for session, cursor in self.cursors.items()}
        await self.push(readers.heartbeat_frame(timezone.now(), newest, self.sent + 1))

    async def repair(self) -> None:
        """Send what lost news should have told, also when no traffic shows that something is missing."""
        for session in list(self.cursors):
            newest, facts = await _standing(session, self.for_staff)
            await self.repair_facts(facts)
            if session in self.cursors and self.cursors[session].judge(newest) is not Verdict.OLD:
                await self.catch_up(session)

    async def repair_facts(self, facts: list[Frame]) -> None:
        for frame in facts:
            if self.told.get(_subject(frame)) != frame:
                await self.on_event(frame)

    # News: channel layer to browser.

    async def news(self, message: Frame) -> None:
        frame: Frame = message["frame"]
        if frame["type"] == events.MessageCreated.type:
            await self._line(frame)
        else:
            await self.on_event(frame)

    async def on_event(self, frame: Frame) -> None:
        await self.push(frame)

    async def _line(self, frame: Frame) -> None:
        cursor = self.cursors.get(frame["session"])
        number = frame["staff_number"] if self.for_staff else frame["number"]
        if cursor is None or (verdict := cursor.judge(number)) is Verdict.OLD:
            return
        if verdict is Verdict.GAP:
            await self.catch_up(frame["session"])
            return
        cursor.advance(number)
        await self.push(frame)

    async def catch_up(self, session: int) -> None:
        """Send what is missing, from the database, in order.

        What the window has no room for follows when the browser acknowledges: a long history is no flood.
        """
        cursor = self.cursors[session]
        while (room := WINDOW - HEADROOM - self.sent + self.acknowledged) > 0:
            lines = await _lines_after(session, cursor.sent, self.for_staff)
            # Meanwhile the chat may have been left, or followed anew.
            if self.cursors.get(session) is not cursor:
                return
            for line in lines[:room]:
                await self._next_line(cursor, line)
            if len(lines) < min(readers.PORTION, room):
                self.behind.discard(session)
                return
        self.behind.add(session)

    async def _next_line(self, cursor: Cursor, line: Frame) -> None:
        number = line["staff_number"] if self.for_staff else line["number"]
        if cursor.judge(number) is not Verdict.OLD:
            cursor.advance(number)
            await self.push(line)


def _subject(frame: Frame) -> object:
    """What a frame is about: a later one of the same subject replaces it."""
    return frame["type"], frame.get("session"), frame.get("side")


class CustomerConsumer(SupportConsumer):
    """A customer's browser, about its one chat."""

    for_staff = False

    async def admit(self) -> int | None:
        try:
            await database_sync_to_async(check_limit)("sockets_per_address", client_address(self.scope))
        except RuleBroken:
            return Close.TOO_MANY
        self.session = await self._session()
        if self.session is None:
            return Close.NO_CHAT
        await self.join(events.customer_group(self.session.pk))
        await self._queue(self.session.is_waiting)
        return None

    @database_sync_to_async
    def _session(self) -> ChatSession | None:
        cookies = parse_cookie(dict(self.scope["headers"]).get(b"cookie", b"").decode("latin-1"))
        key = access.key_from_cookie(cookies.get(access.COOKIE_NAME, ""))
        return access.chat_of(access.visitor_of(key))

    async def follow(self, payload: Frame) -> None:
        assert self.session is not None  # noqa: S101  admitted
        self.cursors[self.session.pk] = Cursor(commands.follow_from(payload))
        _newest, facts = await _standing(self.session.pk, self.for_staff)
        for frame in facts:
            await self.push(frame)
        await self.catch_up(self.session.pk)

    async def command(self, payload: Frame) -> None:
        assert self.session is not None  # noqa: S101  admitted
        reply = await _run(commands.Asker(session=self.session), payload)
        if reply is not None:
            await self.push(reply)

    async def on_event(self, frame: Frame) -> None:
        if frame["type"] == events.QueueChanged.type:
            await self._place(frame["waiting"])
            return
        if frame["type"] == events.SessionChanged.type:
            await self._queue(frame["state"] == ChatSession.State.WAITING)
        await self.push(frame)

    async def _queue(self, is_waiting: bool) -> None:
        if is_waiting and events.QUEUE_GROUP not in self.groups_joined:
            await self.join(events.QUEUE_GROUP)
        elif not is_waiting and events.QUEUE_GROUP in self.groups_joined:
            await self.leave(events.QUEUE_GROUP)

    async def _place(self, waiting: list[int]) -> None:
        """Others' chats stay here: the customer learns a place, when it is another, and nothing else."""
        assert self.session is not None  # noqa: S101  admitted
        if self.session.pk not in waiting:
            return
        frame = events.QueueMoved(place=waiting.index(self.session.pk) + 1).frame()
        if self.told.get(_subject(frame)) != frame:
            await self.push(frame)

    async def repair(self) -> None:
        await super().repair()
        if events.QUEUE_GROUP in self.groups_joined:
            await self.on_event(await _queue())


class AgentConsumer(SupportConsumer):
    """An agent's console, about all the chats that it attends."""

    for_staff = True

    async def admit(self) -> int | None:
        self.agent = await self._agent()
        if self.agent is None:
            return Close.NOT_YOURS
        await self.join(events.AGENTS_GROUP)
        await self.join(events.agent_group(self.agent.pk))
        await self._sign_of_life()
        return None

    @database_sync_to_async
    def _agent(self) -> Agent | None:
        """The agent whose session opened the socket, asked afresh: rights may have changed since."""
        user = access.user_of_session(self.scope["session"])
        return user if user is not None and access.is_agent(user) else None

    @database_sync_to_async
    def _sign_of_life(self) -> None:
        if self.agent is not None:
            services.give_sign_of_life(agent=self.agent, now=timezone.now())

    async def on_beat(self) -> None:
        if not await self._may_stay():
            return
        # A sign of life is what the browser gave, not that the server still holds a socket.
        if self.unanswered == 0:
            await self._sign_of_life()
        await super().on_beat()

    async def repair(self) -> None:
        await super().repair()
        await self.repair_facts([await _queue()])

    async def _may_stay(self) -> bool:
        self.agent = await self._agent()
        if self.agent is None:
            await self.close(Close.NOT_YOURS)
        return self.agent is not None

    async def follow(self, payload: Frame) -> None:
        after = commands.follow_from(payload)
        session = await self._readable(payload)
        self.cursors[session.pk] = Cursor(after)
        await self.join(events.staff_group(session.pk))
        _newest, facts = await _standing(session.pk, self.for_staff)
        for frame in facts:
            await self.push(frame)
        await self.catch_up(session.pk)

    async def command(self, payload: Frame) -> None:
        session = await self._readable(payload)
        reply = await _run(commands.Asker(session=session, agent=self.agent), payload)
        if reply is not None:
            await self.push(reply)

    async def _readable(self, payload: Frame) -> ChatSession:
        pk = payload.get("session")
        if not isinstance(pk, int) or isinstance(pk, bool) or not 0 < pk < 2**63:
            raise BadFrame
        session = await self._session_to_read(pk)
        if session is None:
            raise services.NotYourChat
        return session

    @database_sync_to_async
    def _session_to_read(self, pk: int) -> ChatSession | None:
        session = ChatSession.objects.select_related("agent").filter(pk=pk).first()
        return session if session is not None and access.can_read_chat(self.agent, session) else None

    async def on_event(self, frame: Frame) -> None:
        if frame["type"] == events.AccessChanged.type:
            await self._may_stay()
            return
        if frame["type"] == events.SessionChanged.type and frame["session"] in self.cursors:
            await self._leave_if_gone(frame)
        await self.push(frame)

    async def _leave_if_gone(self, frame: Frame) -> None:
        """Stop reading a chat that may no longer be read, or was this agent's and is no more."""
        assert self.agent is not None  # noqa: S101  admitted
        before = self.told.get(_subject(frame), frame)
        was_mine = before["agent"] == self.agent.pk != frame["agent"]
        if was_mine or await self._session_to_read(frame["session"]) is None:
            await self.leave(events.staff_group(frame["session"]))
            self.forget(frame["session"])


@database_sync_to_async
def _run(asker: commands.Asker, payload: Frame) -> Frame | None:
    return commands.run_command(asker, payload, timezone.now())


@database_sync_to_async
def _lines_after(session: int, after: int, for_staff: bool) -> list[Frame]:
    return readers.lines_after(session, after, for_staff=for_staff)


@database_sync_to_async
def _standing(session: int, for_staff: bool) -> tuple[int, list[Frame]]:
    return readers.standing(session, for_staff=for_staff)


@database_sync_to_async
def _queue() -> Frame:
    return events.queue_changed().frame()
