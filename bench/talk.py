"""Two who talk: with the product as its browsers do, with the floor as little as that allows.

A speaker has one line under way. It is acknowledged, the other side hears it, and, with the product, the mark
«entregado» comes back: then the line is complete.
"""

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from bench.targets import Target
from bench.wire import Wire, open_wire

TEXT = "Al timbrar sale el error CFDI40138 con la serie A, folio {}"
# Only what fails waits this long.
PATIENCE_SECONDS = 120.0
# Handshakes under way at a time while a bench is prepared.
OPENING_AT_ONCE = 20

type Frame = dict[str, Any]


class Speaker:
    """One socket of the floor or of the product, and what became of what it said."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url, self.headers = url, headers
        self.said_at: dict[str, float] = {}
        self.acknowledged = self.completed = self.said = 0
        # Seconds from being said here until heard over there.
        self.delays: list[float] = []
        self.partner: Speaker = self
        self.next: Callable[[], None] = _nothing
        # Whatever was refused: a bench that is refused something measures nothing.
        self.errors: list[Frame] = []

    async def open(self) -> None:
        """Connect, and wait until what is said will be heard."""
        self.wire: Wire = await open_wire(self.url, self.headers, self.hear)

    def say(self) -> None:
        """Send one line; it is the only one under way."""
        self.said += 1
        client_id = str(uuid.uuid4())
        self.said_at[client_id] = time.perf_counter()
        self.write(self.frame(client_id, TEXT.format(self.said)))

    def write(self, frame: Frame) -> None:
        self.wire.send(json.dumps(frame, separators=(",", ":")).encode())

    def frame(self, client_id: str, text: str) -> Frame:
        return {"client_id": client_id, "text": text}

    def hear(self, payload: bytes) -> None:
        """The floor: one's own line acknowledges, the other's was heard."""
        client_id = json.loads(payload)["client_id"]
        if client_id in self.said_at:
            self._acknowledge()
        else:
            self.heard(client_id)

    def heard(self, client_id: str) -> None:
        """The other side's line is here; it is complete with that unless a mark must follow."""
        began = self.partner.said_at.pop(client_id, None)
        if began is not None:
            self.partner.delays.append(time.perf_counter() - began)
            self.partner.completed += 1

    def _acknowledge(self) -> None:
        self.acknowledged += 1
        self.next()


class Echo(Speaker):
    """Hears only itself."""

    def hear(self, payload: bytes) -> None:
        began = self.said_at.pop(json.loads(payload)["client_id"])
        self.delays.append(time.perf_counter() - began)
        self.completed += 1
        self._acknowledge()


class Person(Speaker):
    """A customer or an agent of the product, in one chat."""

    def __init__(self, target: Target, cookie: str, session: int, *, is_agent: bool, after: int = 1) -> None:
        path = "/ws/agente/" if is_agent else "/ws/chat/"
        super().__init__(target.sockets + path, {"Origin": target.origin, "Cookie": cookie})
        self.side, self.other = ("agent", "customer") if is_agent else ("customer", "agent")
        self.session, self.after = session, after
        self.addressed = {"session": session} if is_agent else {}
        self.received = 0
        # Numbers of own lines that were acknowledged and not yet marked as delivered.
        self.stored: deque[int] = deque()
        self.delivered = 0
        self.is_following = asyncio.Event()

    async def open(self) -> None:
        await super().open()
        self.write({"type": "chat.follow", "after": self.after, **self.addressed})
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.is_following.wait()

    def frame(self, client_id: str, text: str) -> Frame:
        return {"type": "message.send", "client_id": client_id, "text": text, **self.addressed}

    def hear(self, payload: bytes) -> None:
        frame = json.loads(payload)
        self.received += 1
        kind = frame["type"]
        if kind == "heartbeat" or self.received % 100 == 0:
            self.write({"type": "heartbeat", "received": self.received})
        if kind == "message.created":
            self._line(frame)
        elif kind == "message.stored":
            self.stored.append(frame["number"])
            self._complete()
            self._acknowledge()
        elif kind == "marks.moved":
            self._marks(frame)
        elif kind == "error":
            self.errors.append(frame)

    def _line(self, frame: Frame) -> None:
        if frame["author"] == self.other:
            self.heard(frame["client_id"])
            mark = {"delivered": frame["number"], "read": frame["number"]}
            self.write({"type": "marks.move", **mark, **self.addressed})

    def heard(self, client_id: str) -> None:
        began = self.partner.said_at.pop(client_id, None)
        if began is not None:
            self.partner.delays.append(time.perf_counter() - began)

    def _marks(self, frame: Frame) -> None:
        # State and both marks answer a follow: the last of them is the agent's.
        self.is_following.set()
        if frame["side"] == self.other:
            self.delivered = max(self.delivered, frame["delivered"])
            self._complete()

    def _complete(self) -> None:
        while self.stored and self.stored[0] <= self.delivered:
            self.stored.popleft()
            self.completed += 1


def echoes(target: Target, count: int) -> list[Speaker]:
    """So many sockets that hear themselves."""
    return [Echo(f"{target.sockets}/echo/", {}) for _ in range(count)]


def floor_pairs(target: Target, count: int) -> list[Speaker]:
    """So many pairs in rooms of the floor: the two of a pair stand side by side."""
    both = [Speaker(f"{target.sockets}/pair/{number // 2}/", {}) for number in range(2 * count)]
    return _paired(both)


def product_pairs(target: Target, pairs: Sequence[Frame], agents_at: Target | None = None) -> list[Speaker]:
    """Customers and their agents, who may sit at another process."""
    both: list[Speaker] = []
    for pair in pairs:
        customer = Person(target, pair["cookie"], pair["session"], is_agent=False)
        agent = Person(agents_at or target, pair["agent"], pair["session"], is_agent=True)
        both += [customer, agent]
    return _paired(both)


def _paired(both: list[Speaker]) -> list[Speaker]:
    for first, second in zip(both[::2], both[1::2], strict=True):
        first.partner, second.partner = second, first
    return both


async def connect(speakers: Sequence[Speaker]) -> None:
    """Open all sockets, some at a time."""
    turns = asyncio.Semaphore(OPENING_AT_ONCE)

    async def one(speaker: Speaker) -> None:
        async with turns:
            await speaker.open()

    async with asyncio.TaskGroup() as group:
        for speaker in speakers:
            group.create_task(one(speaker))


def without_errors(speakers: Sequence[Speaker]) -> None:
    """Raises AssertionError when somebody was refused something, or lost the connection."""
    for speaker in speakers:
        assert not speaker.errors, speaker.errors[0]
        assert speaker.wire.is_open, f"closed with {speaker.wire.closed_with}"


def hang_up(speakers: Sequence[Speaker]) -> None:
    """Close all windows."""
    for speaker in speakers:
        speaker.wire.close()


async def quiet(speakers: Sequence[Speaker], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until all that was said is complete; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while any(speaker.completed < speaker.said for speaker in speakers):
            await asyncio.sleep(0.02)


async def busy(speakers: Sequence[Speaker], seconds: float, cpu: Callable[[], float]) -> tuple[float, float]:
    """Let everybody say the next line as soon as the last is acknowledged, for some seconds.

    Returns complete lines a second, counted until the last one is, and what one cost, by the CPU seconds that
    `cpu` reads. Acknowledgements and marks come in waves: a window would count one more or less.
    """
    before, began, used = _complete(speakers), time.perf_counter(), cpu()
    for speaker in speakers:
        speaker.next = speaker.say
        speaker.say()
    await asyncio.sleep(seconds)
    for speaker in speakers:
        speaker.next = _nothing
    await quiet(speakers)
    complete, elapsed = _complete(speakers) - before, time.perf_counter() - began
    return complete / elapsed, (cpu() - used) / complete


def _nothing() -> None:
    """Nobody says anything more."""


def _complete(speakers: Sequence[Speaker]) -> int:
    return sum(speaker.completed for speaker in speakers)


async def paced(speakers: Sequence[Speaker], seconds: float, period: float) -> list[float]:
    """One line a pair every `period` seconds, the two in turn; how long each took to be heard, in order."""
    firsts = list(zip(speakers[::2], speakers[1::2], strict=True))
    for speaker in speakers:
        speaker.delays.clear()
    began, gap = time.perf_counter(), period / len(firsts)
    for number in range(int(seconds / gap)):
        pause = began + number * gap - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        turn, place = divmod(number, len(firsts))
        firsts[place][turn % 2].say()
    await quiet(speakers)
    return sorted(delay for speaker in speakers for delay in speaker.delays)
