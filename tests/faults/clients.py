"""Customers and agents that speak the product's own protocol (`chat/PROTOCOL.md`), as its browsers do.

They keep a line until it is acknowledged, send one at a time, come back with the browsers' own pauses, follow
from the last number that they have, and answer heartbeats. What they do is decided by a seed.
"""

import asyncio
import json
import re
import time
import uuid
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin

from tests.faults.history import Event, History, Kind, Seen
from tests.servers import ROOT

type Frame = dict[str, Any]

_TRANSPORT = (ROOT / "static/chat/transport.js").read_text(encoding="utf-8")


def browsers_own(name: str) -> int:
    """A constant of the browsers' transport, so that these clients are as patient as those are."""
    found = re.search(rf"^const {name} = (\d+);$", _TRANSPORT, re.MULTILINE)
    assert found, f"{name} is no longer in transport.js"
    return int(found[1])


RETRY_FIRST = browsers_own("RETRY_FIRST_MS") / 1000
RETRY_MOST = browsers_own("RETRY_MOST_MS") / 1000
OPENING = browsers_own("OPENING_MS") / 1000
SOCKET_TRIES = browsers_own("SOCKET_TRIES")
# Three of the product's heartbeats, whatever a run sets them to.
SILENCE_BEATS = browsers_own("SILENCE_MS") / 20_000
# Codes of what may work later; every other refusal is for good.
LATER = {"limit.exceeded", "chat.identification-pending"}
GOODBYES = {4403, 4404}
MARKS_EVERY = 5


def retry_pause(failures: int, random: Random) -> float:
    """Seconds until the next try, as `Transport.pause` computes them."""
    most = min(RETRY_MOST, RETRY_FIRST * 2 ** min(failures, 6))
    return most / 2 + random.random() * most / 2


@dataclass
class Draft:
    """One line on its way: its id stays the same however often it is sent."""

    text: str
    is_note: bool = False
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def what(self) -> str:
        return "note" if self.is_note else "message"


@dataclass
class Chat:
    """One conversation as one side has it."""

    session: int
    tag: str
    last: int = 0
    # Each `chat.follow` by its number, and after which line it asked.
    follows: int = 0
    followed_after: int = 0
    outbox: deque[Draft] = field(default_factory=deque)
    said: int = 0
    # Whether the head of the outbox was sent on the connection of now.
    is_under_way: bool = False


class Talker:
    """One browser: a customer with one chat, or an agent with several."""

    def __init__(
        self,
        *,
        who: str,
        side: str,
        origin: str,
        cookies: str,
        chats: list[Chat],
        history: History,
        seed: object,
        heartbeat: float,
        token: str = "",
    ) -> None:
        self.who, self.side, self.origin, self.cookies, self.token = who, side, origin, cookies, token
        self.chats = {chat.session: chat for chat in chats}
        self.history = history
        self.random = Random(f"{seed}/{who}")  # noqa: S311  decides a workload, keeps no secret
        self.silence = SILENCE_BEATS * heartbeat
        self.socket: ClientConnection | None = None
        self.received = self.failures = 0
        self.drafts: dict[str, Draft] = {}
        self.is_stopped = False
        self.closed_with: int | None = None
        # When the product last gave a sign, and when this client tried to reach it.
        self.heard_at = 0.0
        self.welcomed_at: list[float] = []
        self.tries: list[float] = []

    @property
    def is_agent(self) -> bool:
        return self.side == "agent"

    @property
    def unsent(self) -> int:
        return sum(len(chat.outbox) for chat in self.chats.values())

    # Talking.

    async def say(self, chat: Chat, draft: Draft) -> None:
        """Put a line into the outbox; it leaves when those before it have been acknowledged."""
        self.drafts[draft.client_id] = draft
        chat.outbox.append(draft)
        await self._flush(chat)

    def next_draft(self, chat: Chat) -> Draft:
        """What this client says next in a chat, with the chat's secret in it."""
        chat.said += 1
        is_note = self.is_agent and self.random.random() < 0.2
        return Draft(f"{chat.tag} {self.who} {chat.said} {'nota' if is_note else 'línea'}", is_note)

    async def _flush(self, chat: Chat) -> None:
        if not chat.outbox or chat.is_under_way or self.socket is None:
            return
        chat.is_under_way = True
        draft = chat.outbox[0]
        self.write(Kind.INVOKE, chat, draft)
        await self._send(self._frame(chat, draft))

    def _frame(self, chat: Chat, draft: Draft) -> Frame:
        kind = "note.send" if draft.is_note else "message.send"
        return self._addressed(chat, {"type": kind, "text": draft.text, "client_id": draft.client_id})

    def _addressed(self, chat: Chat, frame: Frame) -> Frame:
        return frame | {"session": chat.session} if self.is_agent else frame

    async def _send(self, frame: Frame) -> None:
        if self.socket is not None:
            # A connection that ended meanwhile is noticed where it is read.
            with suppress(ConnectionClosed):
                await self.socket.send(json.dumps(frame, ensure_ascii=False))

    def write(self, kind: Kind, chat: Chat, draft: Draft, **known: Any) -> None:
        """Keep a step of a line in the history."""
        said = {"what": draft.what, "who": self.who, "chat": chat.session, "client_id": draft.client_id}
        self.history.write(Event(kind=kind, text=draft.text, **said | known))

    # Staying connected.

    async def run(self) -> None:
        """Be there until stopped or sent away."""
        while not self.is_stopped:
            self.tries.append(time.monotonic())
            if self._uses_http():
                with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
                    await self._poll()
            else:
                await self._connection()
            self.failures += 1
            if not self.is_stopped:
                await asyncio.sleep(retry_pause(self.failures, self.random))

    def _uses_http(self) -> bool:
        """After two sockets in a row that failed, customers ask by plain HTTP until that answers."""
        return not self.is_agent and self.failures >= SOCKET_TRIES

    def heard_first_after(self, instant: float) -> float:
        """When it was served for the first time since then."""
        return next(at for at in [*self.welcomed_at, self.heard_at] if at > instant)

    async def stop(self) -> None:
        """Close the window."""
        self.is_stopped = True
        if self.socket is not None:
            await self.socket.close()

    async def _connection(self) -> None:
        try:
            async with self.open() as self.socket:
                await self._talk(self.socket)
        except ConnectionClosed as closed:
            self._sent_away(closed.rcvd.code if closed.rcvd else None)
        except (OSError, TimeoutError, WebSocketException, EOFError):
            pass
        finally:
            self.socket = None
            self._give_up()

    def open(self, **more: Any) -> connect:
        """A new socket of this browser."""
        path = "/ws/agente/" if self.is_agent else "/ws/chat/"
        url = f"ws://{urlsplit(self.origin).netloc}{path}"
        # Browsers do not ping, and close when they like.
        settings = {"ping_interval": None, "open_timeout": OPENING, "close_timeout": 2, "compression": None}
        headers = {"Cookie": self.cookies}
        return connect(
            url, origin=Origin(self.origin), additional_headers=headers, proxy=None, **settings | more
        )

    def _sent_away(self, code: int | None) -> None:
        self.closed_with = code
        if code in GOODBYES:
            self.is_stopped = True

    def _give_up(self) -> None:
        """The connection is gone: nobody knows what became of the lines that were under way."""
        for chat in self.chats.values():
            if chat.is_under_way and chat.outbox:
                self.write(Kind.UNKNOWN, chat, chat.outbox[0])
            chat.is_under_way = False

    async def _talk(self, socket: ClientConnection) -> None:
        self.received = 0
        for chat in self.chats.values():
            chat.follows += 1
            chat.followed_after = chat.last
            await self._send(self._addressed(chat, {"type": "chat.follow", "after": chat.last}))
        for chat in self.chats.values():
            await self._flush(chat)
        while not self.is_stopped:
            try:
                async with asyncio.timeout(self.silence):
                    frame = json.loads(await socket.recv())
            except TimeoutError:
                # Browsers do not wait for the goodbye of a connection that says nothing.
                socket.transport.abort()
                return
            await self._hear(frame)

    async def _hear(self, frame: Frame) -> None:
        self.failures = 0
        self.received += 1
        self.heard_at = time.monotonic()
        if self.received == 1:
            self.welcomed_at.append(self.heard_at)
        if frame["type"] == "heartbeat" or self.received % 100 == 0:
            await self._send({"type": "heartbeat", "received": self.received})
        await self.take(frame)

    # What is heard.

    async def take(self, frame: Frame) -> None:
        """Do what a browser does with one frame."""
        if frame["type"] == "message.created" and frame["session"] in self.chats:
            await self._line(self.chats[frame["session"]], frame)
        elif frame["type"] == "message.stored":
            await self._stored(frame)
        elif frame["type"] == "error":
            await self._refused(frame)

    async def _line(self, chat: Chat, frame: Frame) -> None:
        names = ("number", "staff_number", "client_id", "author", "text")
        seen = Seen(
            who=self.who,
            side=self.side,
            chat=chat.session,
            follow=chat.follows,
            after=chat.followed_after,
            **{name: frame[name] for name in names},
        )
        self.history.show(seen)
        if seen.place is None or seen.place <= chat.last:
            return
        chat.last = seen.place
        if frame["number"] and frame["number"] % MARKS_EVERY == 0:
            marks = {"type": "marks.move", "delivered": frame["number"], "read": frame["number"]}
            await self._send(self._addressed(chat, marks))

    async def _stored(self, frame: Frame) -> None:
        chat = self.chats[frame["session"]]
        draft = self.drafts.get(frame["client_id"])
        if draft is None:
            return
        # Every answer goes on record, also to what was sent again: all must tell the same.
        self.write(Kind.OK, chat, draft, number=frame["staff_number"] if draft.is_note else frame["number"])
        if draft in chat.outbox:
            await self._next(chat, draft)

    async def _refused(self, frame: Frame) -> None:
        for chat in self.chats.values():
            for draft in list(chat.outbox):
                if draft.client_id == frame["client_id"]:
                    await self._said_no(chat, draft, frame["code"])

    async def _said_no(self, chat: Chat, draft: Draft, code: str) -> None:
        if code in LATER:
            # It goes again with the next connection.
            self.write(Kind.UNKNOWN, chat, draft, code=code)
            return
        self.write(Kind.FAIL, chat, draft, code=code)
        await self._next(chat, draft)

    async def _next(self, chat: Chat, draft: Draft) -> None:
        chat.outbox.remove(draft)
        chat.is_under_way = False
        await self._flush(chat)

    # Plain HTTP, where sockets do not come through.

    async def _poll(self) -> None:
        """What a page without a socket does: ask what there is, and send what waits."""
        [chat] = self.chats.values()
        frames = await self._ask("GET", f"/chat/eventos/?after={chat.last}")
        chat.follows += 1
        chat.followed_after = chat.last
        for frame in frames:
            await self.take(frame)
        self.failures = 0
        while self.token and chat.outbox:
            if not await self._post(chat, chat.outbox[0]):
                return

    async def _post(self, chat: Chat, draft: Draft) -> bool:
        """Send the head of the outbox; whether there was an answer to it."""
        self.write(Kind.INVOKE, chat, draft)
        try:
            frames = await self._ask("POST", "/chat/ordenes/", json.dumps(self._frame(chat, draft)).encode())
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            self.write(Kind.UNKNOWN, chat, draft)
            raise
        before = len(chat.outbox)
        for frame in frames:
            await self.take(frame)
        return len(chat.outbox) < before

    async def _ask(self, method: str, path: str, body: bytes = b"") -> list[Frame]:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        headers |= {"Cookie": self.cookies, "X-CSRFToken": self.token}
        status, _headers, content = await request(self.origin, method, path, headers, body)
        if status != 200:
            raise ValueError(f"{status} from {path}")
        self.heard_at = time.monotonic()
        self.welcomed_at.append(self.heard_at)
        frames: list[Frame] = json.loads(content)["frames"]
        return frames


# --- HTTP -----------------------------------------------------------------------------------------------


async def request(
    origin: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    cut_after: float | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own: status, headers and body of the answer.

    `cut_after` pulls the cable when that share of the body has left, and raises ConnectionResetError.
    """
    place = urlsplit(origin)
    async with asyncio.timeout(OPENING * 3):
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        try:
            writer.write(_head(method, path, {"Host": place.netloc, **headers}, len(body)))
            writer.write(body if cut_after is None else body[: int(len(body) * cut_after)])
            await writer.drain()
            if cut_after is not None:
                raise ConnectionResetError
            return _answer(await reader.read())
        finally:
            writer.transport.abort()


def _head(method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
    known = headers | {"Connection": "close"} | ({"Content-Length": str(length)} if length else {})
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in known.items() if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _answer(raw: bytes) -> tuple[int, dict[str, str], bytes]:
    head, separator, content = raw.partition(b"\r\n\r\n")
    if not separator:
        raise ConnectionResetError
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    if "content-length" in headers and len(content) < int(headers["content-length"]):
        raise ConnectionResetError
    return int(status.split()[1]), headers, content


def form(fields: Mapping[str, str], file: tuple[str, bytes] | None = None) -> tuple[str, bytes]:
    """A form as browsers send it: the content type and the body."""
    if file is None:
        return "application/x-www-form-urlencoded", urlencode(fields).encode()
    border = f"----{uuid.uuid4().hex}"
    parts = [
        f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    name, content = file
    head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    head += "Content-Type: application/octet-stream\r\n\r\n"
    return f"multipart/form-data; boundary={border}", b"".join(
        [*parts, head.encode(), content, f"\r\n--{border}--\r\n".encode()]
    )
