"""What customers cost who have the chat open and say nothing."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

from bench import talk, targets
from bench.figures import Line
from bench.plan import Plan
from bench.talk import Speaker
from bench.targets import SQLITE, Target

CUSTOMERS = 5000
MOST_KB = 30
# Of the core, for every thousand sockets, more than the floor takes for them.
MOST_MS_A_SECOND = 5.0
SECONDS = 6.0
# Far away: what is left is what sockets cost that nothing happens to.
NO_HEARTBEAT = {"CHAT_HEARTBEAT_SECONDS": "86400"}


def idle(plan: Plan) -> Sequence[Line]:
    """5,000 idle customers on one process: memory of a socket, and work without heartbeats."""
    step = plan.many(CUSTOMERS) // plan.rounds
    with ExitStack() as stack:
        folder = plan.room("idle")
        known = targets.people(folder, {}, idle=step * plan.rounds)["idle"]
        product = stack.enter_context(targets.product(folder, NO_HEARTBEAT))
        floor = stack.enter_context(targets.floor(plan.room("idle-floor"), {}))
        customers: list[Speaker] = [
            talk.Person(product, one["cookie"], one["session"], is_agent=False) for one in known
        ]
        groups = [(floor, talk.floor_pairs(floor, step * plan.rounds // 2)), (product, customers)]
        (least_kb, ours_kb), (least_ms, ours_ms) = asyncio.run(_measure(plan, groups, step))
    what = f"{len(customers)} idle customers, {SQLITE}"
    return [
        Line(
            row="idle",
            what=f"KB a socket, {what}",
            floor=least_kb,
            product=ours_kb,
            judged=ours_kb,
            unit="KB",
            bound="<=",
            target=MOST_KB,
        ),
        Line(
            row="idle",
            what=f"CPU ms a second for 1,000 sockets, no heartbeat due, {what}",
            floor=least_ms,
            product=ours_ms,
            judged=[mine - theirs for mine, theirs in zip(ours_ms, least_ms, strict=True)],
            unit="ms more",
            bound="<=",
            target=MOST_MS_A_SECOND,
        ),
    ]


async def _measure(
    plan: Plan, groups: list[tuple[Target, list[Speaker]]], step: int
) -> tuple[list[list[float]], list[list[float]]]:
    """KB a socket while a step more come each round, and then the work while nobody says anything."""
    memory: list[list[float]] = []
    # The clock is no work of sockets.
    alone = [await _work(target, plan.seconds(SECONDS)) for target, _ in groups]
    for target, speakers in groups:
        # The first sockets also pay for what is loaded once.
        await talk.connect(speakers[:10])
        memory.append([])
        for at in range(10, len(speakers) + 1 - step // 2, step):
            some = speakers[at : at + step]
            before = target.memory_kb()
            await talk.connect(some)
            memory[-1].append((target.memory_kb() - before) / len(some))
    work: list[list[float]] = [[] for _ in groups]
    for _ in range(plan.rounds):
        for place, (target, speakers) in enumerate(groups):
            more = await _work(target, plan.seconds(SECONDS)) - alone[place]
            work[place].append(more / (len(speakers) / 1000))
    for _target, speakers in groups:
        talk.without_errors(speakers)
        talk.hang_up(speakers)
    return memory, work


async def _work(target: Target, seconds: float) -> float:
    """CPU ms a second."""
    before = target.cpu_seconds()
    await asyncio.sleep(seconds)
    return (target.cpu_seconds() - before) / seconds * 1000
