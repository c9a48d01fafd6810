"""What a message costs in CPU when its two sides sit at two web processes, against one."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

from bench import talk, targets
from bench.figures import Line
from bench.plan import Plan
from bench.talk import Speaker
from bench.targets import LARGER, Target

PAIRS = 50
# Lines of a pair come this often, forty a second in each group. What a process does anyway is a small part
# then, and the core that the engines and all three processes share is not full.
PERIOD_SECONDS = 0.625
SECONDS = 6.0
RATIO = 1.1


def processes(plan: Plan) -> Sequence[Line]:
    """Server CPU a message, two web processes against one (PostgreSQL + Redis)."""
    with ExitStack() as stack:
        engines = stack.enter_context(targets.layout(LARGER))
        folder = plan.room("processes")
        known = targets.people(folder, engines, pairs=PAIRS)["pairs"]
        webs = [stack.enter_context(targets.product(folder, engines)) for _ in range(3)]
        one, first, second = webs
        alone = talk.product_pairs(one, known[: PAIRS // 2])
        apart = talk.product_pairs(first, known[PAIRS // 2 :], agents_at=second)
        single, double = asyncio.run(_rounds(plan, [([one], alone), ([first, second], apart)]))
    return [
        Line(
            row="processes",
            what=f"server CPU ms a message, two web processes against one, {LARGER}",
            product=double,
            judged=[both / single for single, both in zip(single, double, strict=True)],
            unit="of one",
            bound="<=",
            target=RATIO,
            beside={"CPU ms a message in one process": single},
        )
    ]


async def _rounds(plan: Plan, groups: list[tuple[list[Target], list[Speaker]]]) -> list[list[float]]:
    """What a message cost each group, who all talk at once: when the machine is slow, it is so for both."""
    for _webs, speakers in groups:
        await talk.connect(speakers)
    costs: list[list[float]] = [[] for _ in groups]
    for _ in range(plan.rounds):
        before = [_used(webs, speakers) for webs, speakers in groups]
        await asyncio.gather(
            *(talk.paced(speakers, plan.seconds(SECONDS), PERIOD_SECONDS) for _webs, speakers in groups)
        )
        for place, (webs, speakers) in enumerate(groups):
            cpu, said = _used(webs, speakers)
            costs[place].append((cpu - before[place][0]) / (said - before[place][1]) * 1000)
    for _webs, speakers in groups:
        talk.without_errors(speakers)
        talk.hang_up(speakers)
    return costs


def _used(webs: Sequence[Target], speakers: Sequence[Speaker]) -> tuple[float, int]:
    """CPU seconds and lines said, until now."""
    return sum(web.cpu_seconds() for web in webs), sum(speaker.said for speaker in speakers)
