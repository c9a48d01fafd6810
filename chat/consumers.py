"""Sockets: decode, authorise, call one service, encode. Closing codes are in `chat/PROTOCOL.md`."""

import asyncio
import json
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
MISSED_HEARTBEATS = 2
FRAMES_PER_SECOND = 30


class Close:
    """Why a socket ended, as its browser reads it."""

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

    async def disconnect(self, code: int) -> None:
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

    async def push(self, frame: Frame) -> None:
        """Send one frame, unless the browser stopped reading."""
        if self.sent - self.acknowledged > WINDOW:
            await self.close(Close.NOT_READING)
            return
        self.sent += 1
        await self.send(text_data=json.dumps(frame, ensure_ascii=False, separators=(",", ":")))

    # Commands: browser to server.

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
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

    # Heartbeats: server to browser, since browsers slow the timers of hidden pages but not their sockets.

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(settings.CHAT_HEARTBEAT.total_seconds())
            if self.unanswered >= MISSED_HEARTBEATS:
                await self.close(Close.SILENT)
                return
            if not await self.on_beat():
                return
            self.unanswered += 1
            newest = {session: cursor.sent for session, cursor in self.cursors.items()}
            await self.push(readers.heartbeat_frame(timezone.now(), newest, self.sent + 1))

    async def on_beat(self) -> bool:
        """Find gaps that no traffic would show. False when the socket has just been closed."""
        for session in list(self.cursors):
            newest = await _newest_number(session, self.for_staff)
            if self.cursors[session].judge(newest) is not Verdict.OLD:
                await self.catch_up(session)
        return True

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
        """Send what is missing, from the database, in order."""
        cursor = self.cursors[session]
        while lines := await _lines_after(session, cursor.sent, self.for_staff):
            for line in lines:
                number = line["staff_number"] if self.for_staff else line["number"]
                if cursor.judge(number) is not Verdict.OLD:
                    cursor.advance(number)
                    await self.push(line)
            if len(lines) < readers.PORTION:
                return


class CustomerConsumer(SupportConsumer):
    """A customer's browser, about its one chat."""

    for_staff = False

    async def admit(self) -> int | None:
        try:
            check_limit("sockets_per_address", client_address(self.scope))
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
        for frame in await _state_frames(self.session.pk):
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
        """Others' chats stay here: the customer learns a place and nothing else."""
        assert self.session is not None  # noqa: S101  admitted
        if self.session.pk in waiting:
            await self.push(events.QueueMoved(place=waiting.index(self.session.pk) + 1).frame())


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

    async def on_beat(self) -> bool:
        if not await self._may_stay():
            return False
        # A sign of life is what the browser gave, not that the server still holds a socket.
        if self.unanswered == 0:
            await self._sign_of_life()
        return await super().on_beat()

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
        for frame in await _state_frames(session.pk):
            await self.push(frame)
        await self.catch_up(session.pk)

    async def command(self, payload: Frame) -> None:
        session = await self._readable(payload)
        reply = await _run(commands.Asker(session=session, agent=self.agent), payload)
        if reply is not None:
            await self.push(reply)

    @database_sync_to_async
    def _readable(self, payload: Frame) -> ChatSession:
        pk = payload.get("session")
        if not isinstance(pk, int) or isinstance(pk, bool) or not 0 < pk < 2**63:
            raise BadFrame
        session = ChatSession.objects.select_related("agent").filter(pk=pk).first()
        if session is None or not access.can_read_chat(self.agent, session):
            raise services.NotYourChat
        return session

    async def on_event(self, frame: Frame) -> None:
        if frame["type"] == events.AccessChanged.type:
            await self._may_stay()
            return
        if frame["type"] == events.SessionChanged.type and frame["session"] in self.cursors:
            await self._left(frame)
        await self.push(frame)

    async def _left(self, frame: Frame) -> None:
        """Stop reading a chat that went to somebody else, after its last lines; an ended one stays readable."""
        assert self.agent is not None  # noqa: S101  admitted
        await self.catch_up(frame["session"])
        if frame["state"] != ChatSession.State.ENDED and frame["agent"] != self.agent.pk:
            await self.leave(events.staff_group(frame["session"]))
            del self.cursors[frame["session"]]


@database_sync_to_async
def _run(asker: commands.Asker, payload: Frame) -> Frame | None:
    return commands.run_command(asker, payload, timezone.now())


@database_sync_to_async
def _lines_after(session: int, after: int, for_staff: bool) -> list[Frame]:
    return readers.lines_after(session, after, for_staff=for_staff)


@database_sync_to_async
def _newest_number(session: int, for_staff: bool) -> int:
    return readers.newest_number(session, for_staff=for_staff)


@database_sync_to_async
def _state_frames(session: int) -> list[Frame]:
    return readers.state_frames(ChatSession.objects.get(pk=session))

