"""What both sides' sockets share: heartbeats, the window of unacknowledged pushes, and gap repair."""

import asyncio
import json
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from django.conf import settings
from django.utils import timezone

from chat import commands, events, readers
from chat.consumers import database
from chat.cursor import Cursor, Verdict
from core import measures
from core.errors import RuleBroken
from core.strict_json import BadFrame, loads_strict
from core.trace import SocketLog

MAX_FRAME_CHARS = 16_384
# Pushes a browser may leave unacknowledged before it counts as not reading: it bounds what a slow reader
# costs in memory, far above what a chat sends between two heartbeats.
WINDOW = 300
# What catching up leaves of the window to everything else that a socket is sent.
HEADROOM = 100
# News of one socket that wait to be handled; as many as a channel of Channels' layers holds.
MOST_NEWS = 100
MISSED_HEARTBEATS = 2
FRAMES_PER_SECOND = 30
# What nobody waits for: it goes with the next line that comes, or after so many seconds.
PATIENT_COMMANDS = ("marks.move",)
PATIENCE_SECONDS = 0.2
# What heartbeats ask and bring is in no hurry either, and goes with others of this share of the interval.
LOOK_PATIENCE, LIFE_PATIENCE = 0.01, 0.05
# Facts that the next one of the same kind replaces; when its news got lost, a heartbeat brings it.
STANDING = {
    events.SessionChanged.type,
    events.MarksMoved.type,
    events.ListsChanged.type,
    events.QueueMoved.type,
}

# Sockets that are open now, by visitor and by address: each process counts its own.
open_sockets: Counter[str] = Counter()

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
    # By the type of an ASGI message: nothing a browser sent can choose one.
    HANDLERS: dict[str, Callable[..., Awaitable[None]]]

    def __init__(self) -> None:
        super().__init__()
        self.counted: set[str] = set()
        # The next heartbeat: a timer, which takes less than a task that sleeps, and the one under way.
        self.next_beat: asyncio.TimerHandle | None = None
        self.beat: asyncio.Task[None] | None = None
        # News that wait to be handled, and who handles them while there are any.
        self.waiting_news: list[Frame] = []
        self.hearing: asyncio.Task[None] | None = None
        # Frames and news are handled one after the other.
        self.turn = asyncio.Lock()

    @classmethod
    def open(cls, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """ASGI application: one socket."""
        return cls()(scope, receive, send)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle what the browser sends and what the layer brings, until the socket has ended.

        As Channels' own, without its task a message and its look at all database connections, in their
        thread, for every one: what needs the database here asks for it with `database_sync_to_async`.
        """
        self.scope, self.base_send = scope, send
        self.log = SocketLog(scope["path"])
        self.channel_layer = get_channel_layer()
        self.channel_name = self.channel_layer.open_channel(self._hear)
        # What is done for the news is logged as this socket's as well.
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine of asyncio's
        self.context = task.get_context()
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            # The server cancels what does not end in time, and nobody calls `disconnect` then.
            self._let_go()
            self.channel_layer.close_channel(self.channel_name)
            if self.hearing is not None:
                self.hearing.cancel()
                await asyncio.wait([self.hearing])
            self.log.write()

    def _hear(self, message: Frame) -> None:
        """News came: they are handled in their order, in a task that lasts as long as there are any."""
        if len(self.waiting_news) >= MOST_NEWS:
            # Missed, as the contract of layers allows: the next heartbeat finds it.
            return
        self.waiting_news.append(message)
        if self.hearing is None:
            self.hearing = asyncio.create_task(self._handle_news(), context=self.context)

    async def _handle_news(self) -> None:
        while self.waiting_news:
            news, self.waiting_news = self.waiting_news, []
            for message in news:
                await self.dispatch(message)
        self.hearing = None

    async def connect(self) -> None:
        self.cursors: dict[int, Cursor] = {}
        # Chats with lines that wait for room in the window, and what the browser was told last of each fact.
        self.behind: set[int] = set()
        self.told: dict[object, Frame] = {}
        self.is_closing = False
        self.groups_joined: set[str] = set()
        self.sent = self.acknowledged = self.unanswered = self.frames_this_second = 0
        self.second = 0
        await self.accept()
        if (code := await self.admit()) is not None:
            await self.close(code)
            return
        # Nobody asks for them again, and a socket lives for hours. daphne keeps the same list.
        if isinstance(self.scope["headers"], list):
            self.scope["headers"].clear()
        self._wait_for_beat(random.random())  # noqa: S311  no secret

    async def admit(self) -> int | None:
        """Authorise and join; the closing code when the socket may not stay."""
        raise NotImplementedError

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Whatever a handler raises ends its socket in the ordinary way, also for those who count it."""
        async with self.turn:
            try:
                await self.HANDLERS[message["type"]](self, message)
            except StopConsumer:
                raise
            except Exception:
                logger.exception("A socket's handler failed.")
                await self.close(Close.BROKEN)

    async def disconnect(self, code: int) -> None:
        # First what cannot fail.
        self.log.closed(code)
        self._let_go()
        try:
            for group in list(self.groups_joined):
                await self.leave(group)
        except Exception:
            # The layer is away, and forgets the membership by itself.
            logger.warning("A socket could not leave its groups.", exc_info=True)
        raise StopConsumer

    def _let_go(self) -> None:
        """Count no more, and beat no more; again is harmless."""
        while self.counted:
            _count_down(self.counted.pop())
        for beat in (self.next_beat, self.beat):
            if beat is not None:
                beat.cancel()

    async def is_flooded(self, address: str) -> bool:
        """Count one more socket of an address; True over the limits a minute, or at once."""
        if not await database.may_open(address):
            return True
        return self.is_one_too_many(f"address {address}", settings.CHAT_MAX_SOCKETS_PER_ADDRESS)

    def is_one_too_many(self, who: str, most: int) -> bool:
        """Count this socket for a visitor or an address until it ends; True when they have `most` already."""
        if open_sockets[who] >= most:
            return True
        self.counted.add(who)
        open_sockets[who] += 1
        return False

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
            self.log.closed(code)
            measures.SOCKETS_CLOSED.labels(code).inc()
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
            self.told[subject(frame)] = frame

    def forget(self, session: int) -> None:
        """Stop following a chat."""
        self.cursors.pop(session, None)
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
            if payload.get("after"):
                measures.RESUMES.labels("staff" if self.for_staff else "customer").inc()
        else:
            await self.command(payload)

    async def command(self, payload: Frame) -> None:
        """Have a command run with those of other sockets, and answer it."""
        asker = self.asker(payload)
        if payload.get("type") not in PATIENT_COMMANDS:
            await self._answer(await database.run((asker, payload)))
            return
        # Meanwhile whatever follows it here goes on.
        patient = database.run.put((asker, payload), PATIENCE_SECONDS)
        patient.add_done_callback(lambda done: self._done(done, payload))

    def asker(self, payload: Frame) -> commands.Asker:
        """Who sends this command, about which chat. Raises BadFrame when it names none."""
        raise NotImplementedError

    async def _answer(self, reply: Frame | None) -> None:
        if reply is not None:
            await self.push(reply)

    def _done(self, done: "asyncio.Future[Any]", payload: Frame) -> None:
        """A patient question was answered: what it brings or breaks is handled as if it had been awaited."""
        if done.cancelled():
            return
        # Looked at in any case: one that nobody looks at is logged as forgotten.
        has_failed = done.exception() is not None
        if not self.is_closing and (has_failed or done.result() is not None):
            self._hear({"type": "answer", "done": done, "payload": payload})

    async def _late(self, message: Frame) -> None:
        try:
            await self._answer(message["done"].result())
        except RuleBroken as broken:
            await self.push(commands.error_frame(broken, message["payload"]))

    async def follow(self, payload: Frame) -> None:
        raise NotImplementedError

    async def _heard(self, payload: Frame) -> None:
        """A browser's answer: how many frames it has received on this socket."""
        received = payload.get("received")
        if not isinstance(received, int) or isinstance(received, bool) or not 0 <= received <= self.sent:
            raise BadFrame
        self.acknowledged = max(self.acknowledged, received)
        self.unanswered = 0
        await self.on_answer()
        for session in list(self.behind):
            await self.catch_up(session)

    async def on_answer(self) -> None:
        """The browser on the other end lives."""

    # Heartbeats: server to browser, since browsers slow the timers of hidden pages but not their sockets.

    def _wait_for_beat(self, share: float) -> None:
        """Until then, as a share of the usual; by chance, since those who came together, as after a restart,
        shall not beat together ever after: whoever says something just then would feel it."""
        self.next_beat = asyncio.get_running_loop().call_later(of_beats(share), self._start_beat)

    def _start_beat(self) -> None:
        self.beat = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        try:
            await self.on_beat()
        except Exception:
            # A socket without heartbeats would never be missed; its browser comes back.
            logger.exception("A socket's heartbeat failed.")
            await self.close(Close.BROKEN)
        self.beat = None
        if not self.is_closing:
            self._wait_for_beat(random.uniform(0.9, 1.1))  # noqa: S311  no secret

    async def on_beat(self) -> None:
        if self.unanswered >= MISSED_HEARTBEATS:
            await self.close(Close.SILENT)
            return
        question, told = self.question(), dict(self.told)
        await self.repair(await database.look(question, of_beats(LOOK_PATIENCE)), told)
        self.unanswered += 1
        newest = {session: cursor.sent for session, cursor in self.cursors.items()}
        await self.push(readers.heartbeat_frame(timezone.now(), newest, self.sent + 1))

    def question(self) -> readers.Question:
        """What a heartbeat asks the database."""
        raise NotImplementedError

    async def repair(self, answer: readers.Answer, told: dict[object, Frame]) -> None:
        """Send what lost news should have told, also when no traffic shows that something is missing.

        `told` is what the browser had been told when this was asked.
        """
        for session, (newest, facts) in answer.standings.items():
            if session not in self.cursors:
                # Left meanwhile.
                continue
            await self.repair_facts(facts, told)
            if session in self.cursors and self.cursors[session].judge(newest) is not Verdict.OLD:
                measures.GAPS_REPAIRED.labels("heartbeat").inc()
                await self.catch_up(session)

    async def repair_facts(self, facts: list[Frame], told: dict[object, Frame]) -> None:
        for frame in facts:
            about = subject(frame)
            # News that came since it was asked may be newer than the answer: the next heartbeat looks again.
            if self.told.get(about) is told.get(about) and self.told.get(about) != frame:
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
            measures.GAPS_REPAIRED.labels("news").inc()
            await self.catch_up(frame["session"])
            return
        cursor.advance(number)
        await self.push(frame)
        measures.delivered(frame["created_at"])

    async def begin(self, session: int, standing: readers.Standing) -> None:
        """Tell a browser that follows a chat from now on where it stands, and the lines that it misses."""
        cursor = self.cursors.get(session)
        if cursor is None:
            # A heartbeat found that it may no longer be read, and has told so.
            return
        for frame in standing.facts:
            await self.push(frame)
        # Whoever only comes back misses none, and so nobody looks for them.
        if cursor.judge(standing.newest) is not Verdict.OLD:
            await self.catch_up(session)

    async def catch_up(self, session: int) -> None:
        """Send what is missing, from the database, in order.

        What the window has no room for follows when the browser acknowledges: a long history is no flood.
        """
        cursor = self.cursors.get(session)
        if cursor is None:
            return
        while (room := WINDOW - HEADROOM - self.sent + self.acknowledged) > 0:
            lines = await database.lines_after(session, cursor.sent, self.for_staff)
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


SupportConsumer.HANDLERS = {
    "websocket.connect": SupportConsumer.websocket_connect,
    "websocket.receive": SupportConsumer.websocket_receive,
    "websocket.disconnect": SupportConsumer.websocket_disconnect,
    "news": SupportConsumer.news,
    "answer": SupportConsumer._late,
}


def of_beats(share: float) -> float:
    """This share of the time between two heartbeats, in seconds."""
    return share * settings.CHAT_HEARTBEAT.total_seconds()


def _count_down(who: str) -> None:
    open_sockets[who] -= 1
    # Those who left take no memory.
    if open_sockets[who] <= 0:
        del open_sockets[who]


def subject(frame: Frame) -> object:
    """What a frame is about: a later one of the same subject replaces it."""
    return frame["type"], frame.get("session"), frame.get("side")
