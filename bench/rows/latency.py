"""How much later a line is heard than on the floor, with a thousand sockets that talk at people's pace."""

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from bench import talk, targets
from bench.figures import Line
from bench.plan import Plan
from bench.talk import Speaker
from bench.targets import SQLITE, Target

PAIRS = 500
PERIOD_SECONDS = 2.5
SECONDS = 5.0
# Connecting and leaving are no part of an ordinary second, nor is the first thing that somebody says.
SETTLE_SECONDS = 2.0
# Until Python has looked through what came with the sockets, and keeps it.
WARM_SECONDS = 7.5
P50_MS, P99_MS = 2.0, 10.0


def latency(plan: Plan) -> Sequence[Line]:
    """Added latency over the floor at 1,000 sockets, one message a pair every 2.5 s."""
    pairs = plan.many(PAIRS)
    with ExitStack() as stack:
        folder = plan.room("latency")
        known = targets.people(folder, {}, pairs=pairs)["pairs"]
        product = stack.enter_context(targets.product(folder, {}))
        floor = stack.enter_context(targets.floor(plan.room("latency-floor"), {}))
        groups: list[Group] = [
            (floor, lambda: talk.floor_pairs(floor, pairs)),
            (product, lambda: talk.product_pairs(product, known)),
        ]
        least, ours = asyncio.run(_rounds(plan, groups))
    what = f"{2 * pairs} sockets, {pairs / PERIOD_SECONDS:.0f} messages/s, {SQLITE}"
    return [_line(what, least, ours, share, most) for share, most in ((0.5, P50_MS), (0.99, P99_MS))]


def _line(what: str, least: list[list[float]], ours: list[list[float]], share: float, most: float) -> Line:
    floor = [percentile(delays, share) * 1000 for delays in least]
    product = [percentile(delays, share) * 1000 for delays in ours]
    return Line(
        row="latency",
        what=f"p{share * 100:.0f} until heard, {what}",
        floor=floor,
        product=product,
        judged=[mine - theirs for mine, theirs in zip(product, floor, strict=True)],
        unit="ms more",
        bound="<=",
        target=most,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The least figure that this share of them does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


type Group = tuple[Target, Callable[[], list[Speaker]]]


async def _rounds(plan: Plan, groups: list[Group]) -> list[list[list[float]]]:
    found: list[list[list[float]]] = [[] for _ in groups]
    for _ in range(plan.rounds):
        for place, (target, people) in enumerate(groups):
            with target.alone(*(other for other, _ in groups if other is not target)):
                found[place].append(await _round(plan, people()))
    return found


async def _round(plan: Plan, speakers: list[Speaker]) -> list[float]:
    """A round's own sockets: while a server stands still, heartbeats of those that stay open would gather."""
    await talk.connect(speakers)
    await asyncio.sleep(SETTLE_SECONDS)
    await talk.paced(speakers, plan.seconds(WARM_SECONDS), PERIOD_SECONDS)
    delays = await talk.paced(speakers, plan.seconds(SECONDS), PERIOD_SECONDS)
    talk.without_errors(speakers)
    talk.hang_up(speakers)
    await asyncio.sleep(SETTLE_SECONDS)
    return delays
