"""How much a page asks the database for, whatever the length of history and queue."""

from collections.abc import Sequence

from bench import targets
from bench.figures import Line
from bench.plan import Plan

HISTORIES = [10, 500, 5000]
QUEUES = [0, 200]
MOST_QUERIES = 5


def pages(plan: Plan) -> Sequence[Line]:
    """Queries of opening /chat/, posting by plain HTTP and polling."""
    found = targets.probe(plan.room("pages"), "pages", histories=HISTORIES, queues=QUEUES)
    counts: dict[str, dict[str, int]] = {}
    for where, asked in found.items():
        for what, count in asked.items():
            counts.setdefault(what, {})[where] = count
    return [_queries(what, by_size) for what, by_size in counts.items()] + [_growth(counts)]


def _queries(what: str, by_size: dict[str, int]) -> Line:
    return Line(
        row="pages",
        what=f"queries of {what}, at most",
        product=list(by_size.values()),
        judged=[max(by_size.values())],
        unit="",
        bound="<=",
        target=MOST_QUERIES,
        beside=by_size if len(set(by_size.values())) > 1 else {},
    )


def _growth(counts: dict[str, dict[str, int]]) -> Line:
    """Of a running chat: one that waits is another page."""
    growths = []
    for by_size in counts.values():
        same = [count for where, count in by_size.items() if "lines" in where]
        growths.append(max(same) - min(same))
    return Line(
        row="pages",
        what=f"queries more with {HISTORIES[-1]} lines and {QUEUES[-1]} waiting than with few",
        product=growths,
        judged=[max(growths)],
        unit="",
        bound="<=",
        target=0,
    )
