"""Messages a second through the whole contract, a hundred busy sockets, against the floor."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

from bench import talk, targets
from bench.figures import Line
from bench.plan import Plan
from bench.talk import Speaker
from bench.targets import LARGER, SQLITE, Target

PAIRS = 50
SECONDS = 3.0
RATIO = 0.8


def messages(plan: Plan) -> Sequence[Line]:
    """Both layouts, one after the other."""
    return [_line(plan, layout) for layout in (SQLITE, LARGER)]


def _line(plan: Plan, layout: str) -> Line:
    with ExitStack() as stack:
        engines = stack.enter_context(targets.layout(layout))
        name = f"messages-{layout.split()[0].lower()}"
        folder = plan.room(name)
        pairs = targets.people(folder, engines, pairs=PAIRS)["pairs"]
        product = stack.enter_context(targets.product(folder, engines))
        floor = stack.enter_context(targets.floor(plan.room(f"{name}-floor"), engines))
        groups = [
            (floor, talk.echoes(floor, 2 * PAIRS)),
            (floor, talk.floor_pairs(floor, PAIRS)),
            (product, talk.product_pairs(product, pairs)),
        ]
        rates, costs = asyncio.run(_rounds(plan, groups))
    echo, least, ours = rates
    return Line(
        row="messages",
        what=f"messages/s, {2 * PAIRS} busy sockets, {layout}",
        floor=least,
        product=ours,
        judged=[mine / theirs for mine, theirs in zip(ours, least, strict=True)],
        unit="of the floor",
        bound=">=",
        target=RATIO,
        beside={
            "a bare echo answers, a second": echo,
            "server CPU ms a message, echo": costs[0],
            "server CPU ms a message, floor": costs[1],
            "server CPU ms a message, product": costs[2],
        },
    )


async def _rounds(
    plan: Plan, groups: list[tuple[Target, list[Speaker]]]
) -> tuple[list[list[float]], list[list[float]]]:
    """Each group alone, in turn, round after round: complete lines a second, and their cost in ms of CPU."""
    for _target, speakers in groups:
        await talk.connect(speakers)
    rates: list[list[float]] = [[] for _ in groups]
    costs: list[list[float]] = [[] for _ in groups]
    for _ in range(plan.rounds):
        for place, (target, speakers) in enumerate(groups):
            others = {other.pid: other for other, _ in groups if other.pid != target.pid}
            with target.alone(*others.values()):
                rate, cost = await talk.busy(speakers, plan.seconds(SECONDS), target.cpu_seconds)
            rates[place].append(rate)
            costs[place].append(cost * 1000)
    for _target, speakers in groups:
        talk.without_errors(speakers)
        talk.hang_up(speakers)
    return rates, costs
