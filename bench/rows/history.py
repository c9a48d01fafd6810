"""The first page of a long history, in a database that holds many."""

from collections.abc import Sequence
from statistics import median

from bench import targets
from bench.figures import Line
from bench.plan import Plan
from bench.svg import plot

STORED = 1_000_000
SIZES = [50, 200, 500, 1000, 5000]
MOST_MS = 50.0


def history(plan: Plan) -> Sequence[Line]:
    """First page of a history of 5,000 messages, 1,000,000 stored: server time."""
    longest = SIZES[-1]
    stored = plan.many(STORED)
    found = targets.probe(
        plan.room("history"),
        "history",
        chats=stored // longest,
        lines=longest,
        sizes=SIZES,
        times=2 * plan.rounds,
    )
    series = {
        what: [(float(lines), median(times)) for lines, times in by_lines.items()]
        for what, by_lines in found.items()
    }
    title = f"First page of a history, {stored:,} messages stored"
    plot(plan.results / "history.svg", title, "messages of the chat", "ms of server time", series, MOST_MS)
    return [
        Line(
            row="history",
            what=f"ms of server time, {what}, {longest} messages of {stored}",
            product=by_lines[str(longest)],
            judged=by_lines[str(longest)],
            unit="ms",
            bound="<=",
            target=MOST_MS,
        )
        for what, by_lines in found.items()
    ]
