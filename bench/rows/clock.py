"""What the clock does every second while nothing is due."""

from collections.abc import Sequence
from statistics import median

from bench import targets
from bench.figures import Line
from bench.plan import Plan
from bench.svg import plot

SIZES = [1000, 10_000, 100_000]
MOST_MS = 20.0
# Acts that take less are not worth naming.
WORTH_NAMING_MS = 1.0


def clock(plan: Plan) -> Sequence[Line]:
    """A round of the clock with 100,000 open chats and as many appointments, nothing due."""
    sizes = SIZES[:-1] if plan.is_quick else SIZES
    found = targets.probe(plan.room("clock"), "clock", sizes=sizes, times=4 * plan.rounds)
    rounds = found["rounds"]
    points = [(float(size), median(times)) for size, times in rounds.items()]
    title, x = "A round of the clock, nothing due", "open chats, and as many appointments"
    plot(plan.results / "clock.svg", title, x, "ms a round", {"one round": points}, MOST_MS)
    longest = {act: times for act, times in found["acts"].items() if median(times) >= WORTH_NAMING_MS}
    return [
        Line(
            row="clock",
            what=f"ms a round, {sizes[-1]} open chats and appointments, nothing due",
            product=rounds[str(sizes[-1])],
            judged=rounds[str(sizes[-1])],
            unit="ms",
            bound="<=",
            target=MOST_MS,
            beside={f"ms in {act}": times for act, times in longest.items()},
        )
    ]
