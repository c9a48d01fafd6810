"""Everybody comes back at once, as after a restart."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench import targets
from bench.figures import Line
from bench.plan import Plan
from bench.rows.latency import percentile
from bench.targets import SQLITE, Target
from bench.wire import Wire, open_wire

CUSTOMERS = 1000
P99_SECONDS = 5.0
FOLLOW = b'{"type":"chat.follow","after":1}'
SAID = b'{"client_id":"00000000-0000-4000-8000-000000000000","text":"."}'
PATIENCE_SECONDS = 60.0
# How long the ends of one storm may take before the next one begins.
CALM_SECONDS = 2.0


def storm(plan: Plan) -> Sequence[Line]:
    """1,000 connects at once, each until its first event."""
    count = plan.many(CUSTOMERS)
    with ExitStack() as stack:
        folder = plan.room("storm")
        known = targets.people(folder, {}, idle=count)["idle"]
        product = stack.enter_context(targets.product(folder, {}))
        floor = stack.enter_context(targets.floor(plan.room("storm-floor"), {}))
        rooms = [(f"{floor.sockets}/pair/{number}/", {}, SAID) for number in range(count)]
        chats = [
            (f"{product.sockets}/ws/chat/", {"Origin": product.origin, "Cookie": one["cookie"]}, FOLLOW)
            for one in known
        ]
        least, ours = asyncio.run(_rounds(plan, [(floor, rooms), (product, chats)]))
    return [
        Line(
            row="storm",
            what=f"s, p99 of {count} connects at once until the first event, {SQLITE}",
            floor=[percentile(waits, 0.99) for waits in least],
            product=[percentile(waits, 0.99) for waits in ours],
            judged=[percentile(waits, 0.99) for waits in ours],
            unit="s",
            bound="<=",
            target=P99_SECONDS,
            beside={"p50 s": [percentile(waits, 0.5) for waits in ours]},
        ),
        Line(
            row="storm",
            what="connects that had their first event",
            floor=[_served(waits) for waits in least],
            product=[_served(waits) for waits in ours],
            # All means in every round.
            judged=[min(map(_served, ours))],
            unit="",
            bound=">=",
            target=count,
        ),
    ]


def _served(waits: Sequence[float]) -> int:
    return sum(wait < PATIENCE_SECONDS for wait in waits)


type Door = tuple[str, dict[str, str], bytes]


async def _rounds(plan: Plan, groups: list[tuple[Target, list[Door]]]) -> list[list[list[float]]]:
    found: list[list[list[float]]] = [[] for _ in groups]
    for _ in range(plan.rounds):
        for place, (target, doors) in enumerate(groups):
            with target.alone(*(other for other, _ in groups if other is not target)):
                found[place].append(await _storm(doors))
                await asyncio.sleep(CALM_SECONDS)
    return found


async def _storm(doors: Sequence[Door]) -> list[float]:
    """How long each waited, in order; PATIENCE_SECONDS for who was not served."""
    wires: list[Wire] = []

    async def one(url: str, headers: dict[str, str], first: bytes) -> float:
        began = time.perf_counter()
        # Whether something came, once it did or the connection ended.
        heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def settle(is_served: bool) -> None:
            if not heard.done():
                heard.set_result(is_served)

        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                wire = await open_wire(url, headers, lambda _: settle(True))
                wire.on_end = lambda: settle(False)
                wires.append(wire)
                if not wire.is_open:
                    settle(False)
                wire.send(first)
                is_served = await heard
        except (OSError, TimeoutError):
            is_served = False
        return time.perf_counter() - began if is_served else PATIENCE_SECONDS

    waits = await asyncio.gather(*(one(*door) for door in doors))
    for wire in wires:
        wire.close()
    return sorted(waits)
