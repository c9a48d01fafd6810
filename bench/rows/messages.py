"""Messages a second through the whole contract, a hundred busy sockets, against the floor."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

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
        groups = {
            "floor": (floor, talk.floor_pairs(floor, PAIRS)),
            "product": (product, talk.product_pairs(product, pairs)),
        }
        # It knows of no engines.
        if layout == SQLITE:
            groups["echo"] = (floor, talk.echoes(floor, 2 * PAIRS))
        found = asyncio.run(_rounds(plan, groups))
    least, ours = found["floor"].rates, found["product"].rates
    return Line(
        row="messages",
        what=f"messages/s, {2 * PAIRS} busy sockets, {layout}",
        floor=least,
        product=ours,
        judged=[mine / theirs for mine, theirs in zip(ours, least, strict=True)],
        unit="of the floor",
        bound=">=",
        target=RATIO,
        beside={f"server CPU ms a message, {who}": talked.costs for who, talked in found.items()}
        | {f"messages/s, {who}": talked.rates for who, talked in found.items() if who == "echo"},
    )


@dataclass
class Talked:
    """Complete lines a second, and their cost in ms of CPU, by round."""

    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)


async def _rounds(plan: Plan, groups: dict[str, tuple[Target, list[Speaker]]]) -> dict[str, Talked]:
    """Each group alone, in turn, round after round."""
    for _target, speakers in groups.values():
        await talk.connect(speakers)
    found = {name: Talked() for name in groups}
    servers = {target.pid: target for target, _ in groups.values()}
    for _ in range(plan.rounds):
        for name, (target, speakers) in groups.items():
            with target.alone(*(other for pid, other in servers.items() if pid != target.pid)):
                rate, cost = await talk.busy(speakers, plan.seconds(SECONDS), target.cpu_seconds)
            found[name].rates.append(rate)
            found[name].costs.append(cost * 1000)
    for _target, speakers in groups.values():
        talk.without_errors(speakers)
        talk.hang_up(speakers)
    return found
