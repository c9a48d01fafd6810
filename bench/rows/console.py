"""What one event sends to the agents' consoles, and whether that grows with their lists."""

import asyncio
import json
import time
import urllib.request
import uuid
from collections.abc import Awaitable, Callable, Sequence
from http.cookiejar import Cookie
from types import SimpleNamespace
from typing import Any

from bench import targets
from bench.figures import Line
from bench.plan import Plan
from bench.targets import People, Target
from bench.wire import Wire, open_wire
from tests.process.chatting import Pages

AGENTS = 10
# Far away: what is counted is what an event sends, and not the heartbeat that happens to fall beside it.
NO_HEARTBEAT = {"CHAT_HEARTBEAT_SECONDS": "86400"}
# Few and many: chats that wait, and chats that run.
FEW, MANY = (2, 10), (200, 50)
MOST_FRAMES = 1
MOST_BYTES = 400
# Numbers with more digits.
MOST_MORE_BYTES = 16
# News travel in milliseconds; this long after the last frame nothing more comes.
QUIET_SECONDS = 0.7

# Frames and bytes that came to each console.
type Told = list[tuple[int, int]]


class Console:
    """An agent's socket, which tells what its lists are told from the lines of its own conversations.

    The end of a chat is both: a change of the lists, and a line of the system. Each must be one frame.
    """

    wire: Wire

    def __init__(self) -> None:
        self.frames = self.bytes = self.lines = self.line_bytes = 0

    async def open(self, product: Target, pair: dict[str, Any]) -> "Console":
        headers = {"Origin": product.origin, "Cookie": pair["agent"]}
        self.wire = await open_wire(f"{product.sockets}/ws/agente/", headers, self.hear)
        self.wire.send(json.dumps({"type": "chat.follow", "after": 1, "session": pair["session"]}).encode())
        return self

    def hear(self, payload: bytes) -> None:
        if json.loads(payload)["type"] == "message.created":
            self.lines, self.line_bytes = self.lines + 1, self.line_bytes + len(payload)
        else:
            self.frames, self.bytes = self.frames + 1, self.bytes + len(payload)

    @property
    def told(self) -> tuple[int, int]:
        """Frames and bytes of whichever was more."""
        return max((self.frames, self.bytes), (self.lines, self.line_bytes))

    def forget(self) -> None:
        self.frames = self.bytes = self.lines = self.line_bytes = 0


def console(plan: Plan) -> Sequence[Line]:
    """Frames and bytes to each agent for one event, 200 chats waiting and 50 open."""
    few, _few_lists = _asked(plan, "few", FEW)
    many, lists = _asked(plan, "many", MANY)
    lines = []
    for what, told in many.items():
        frames = [float(frames) for frames, _bytes in told]
        sizes = [float(size) for _frames, size in told]
        more = max(sizes) - max(float(size) for _frames, size in few[what])
        lines += [
            _line(f"frames to each agent, {what}", frames, max(frames), MOST_FRAMES, {}),
            _line(f"bytes to each agent, {what}", sizes, max(sizes), MOST_BYTES, {}),
            _line(
                f"bytes more with {MANY} waiting and open than {FEW}, {what}", [], more, MOST_MORE_BYTES, {}
            ),
        ]
    size, seconds = lists
    lines[0].beside["the lists that a console then reads again, bytes"] = size
    lines[0].beside["the same, ms"] = round(seconds * 1000)
    return lines


def _line(what: str, figures: list[float], judged: float, most: float, beside: dict[str, Any]) -> Line:
    return Line(
        row="console",
        what=what,
        product=figures,
        judged=[judged],
        unit="",
        bound="<=",
        target=most,
        beside=beside,
    )


def _asked(plan: Plan, name: str, lists: tuple[int, int]) -> tuple[dict[str, Told], tuple[int, float]]:
    """What each event told each console, and the lists that it reads again: bytes and seconds."""
    waiting, opened = lists
    folder = plan.room(f"console-{name}")
    # Static files need no collecting then.
    env = NO_HEARTBEAT | {"DEBUG": "on"}
    known = targets.people(folder, env, waiting=waiting, pairs=AGENTS, idle=opened - AGENTS)
    with targets.product(folder, env) as product:
        return asyncio.run(_events(product, known)), _read_lists(product, known)


def _read_lists(product: Target, known: People) -> tuple[int, float]:
    asked = urllib.request.Request(f"{product.origin}/agente/lista/")  # noqa: S310 - our own server
    asked.add_header("Cookie", known["pairs"][0]["agent"])
    size = 0
    for _ in range(3):
        began = time.perf_counter()
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
            size = len(answer.read())
    return size, time.perf_counter() - began


async def _events(product: Target, known: People) -> dict[str, Told]:
    consoles = [await Console().open(product, pair) for pair in known["pairs"]]
    first = known["pairs"][0]
    staff, customer = _pages(product, first["agent"]), _pages(product, first["cookie"])
    events: dict[str, Callable[[], object]] = {
        "a chat begins": lambda: _begin(product),
        "a chat is taken": lambda: staff.post(
            "/agente/", f"/agente/chat/{known['waiting'][0]['folio']}/atender/"
        ),
        "a customer writes": lambda: customer.post(
            "/chat/", "/chat/mensajes/", client_id=str(uuid.uuid4()), text="Sigue igual"
        ),
        "a chat ends": lambda: staff.post("/agente/", f"/agente/chat/{first['folio']}/finalizar/"),
    }
    return {what: await _told(consoles, asyncio.to_thread(act)) for what, act in events.items()}


async def _told(consoles: Sequence[Console], act: Awaitable[object]) -> Told:
    """What came to each console because of `act`."""
    await _silence(consoles)
    for console in consoles:
        console.forget()
    await act
    await _silence(consoles)
    return [console.told for console in consoles]


async def _silence(consoles: Sequence[Console]) -> None:
    """Wait until nothing more comes."""
    before = -1
    while before != (frames := sum(console.frames + console.lines for console in consoles)):
        before = frames
        await asyncio.sleep(QUIET_SECONDS)


def _pages(product: Target, cookie: str) -> Pages:
    pages = Pages(SimpleNamespace(url=product.origin))  # type: ignore[arg-type]
    if cookie:
        name, _equals, value = cookie.partition("=")
        place: tuple[Any, ...] = ("127.0.0.1", True, False, "/", True)
        pages.jar.set_cookie(Cookie(0, name, value, None, False, *place, False, None, False, None, None, {}))
    return pages


def _begin(product: Target) -> None:
    typed = {"name": "Ana López", "email": "ana@papeleria-lopez.mx", "text": "No puedo timbrar"}
    _pages(product, "").post("/chat/", "/chat/iniciar/", client_id=str(uuid.uuid4()), **typed)
