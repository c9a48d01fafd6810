"""What was measured: rounds, their least, middle and most, and whether a target was reached."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

HEADINGS = ("row", "what", "floor", "product", "judged", "must be", "")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the table. `judged` is what the target is about, a figure a round; the middle decides."""

    row: str
    what: str
    judged: Sequence[float]
    unit: str
    bound: Literal["<=", ">="]
    target: float
    product: Sequence[float] = ()
    floor: Sequence[float] = ()
    beside: dict[str, Any] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        # What is shown decides, so that no line contradicts itself.
        middle = round(median(self.judged), 3)
        return middle <= self.target if self.bound == "<=" else middle >= self.target

    def cells(self) -> tuple[str, ...]:
        """For people."""
        return (
            self.row,
            self.what,
            spread(self.floor),
            spread(self.product),
            f"{spread(self.judged)} {self.unit}".strip(),
            f"{self.bound} {self.target:g}",
            "ok" if self.is_good else "SHORT",
        )


def spread(figures: Sequence[float]) -> str:
    """Least/middle/most, or the one figure when they are all the same."""
    if not figures:
        return "-"
    shown = [_short(figure) for figure in (min(figures), median(figures), max(figures))]
    return shown[0] if len(set(shown)) == 1 else "/".join(shown)


def _short(figure: float) -> str:
    if abs(figure) >= 100 or figure == int(figure):
        return f"{figure:.0f}"
    return f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"


def table(lines: Sequence[Line]) -> str:
    """All lines under their headings, and below what was measured beside."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    shown = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    beside = [
        f"{line.row}, {line.what}: {name} {spread(value) if isinstance(value, list) else value}"
        for line in lines
        for name, value in line.beside.items()
    ]
    return "\n".join([shown, "", *beside])


def write_results(folder: Path, row: str, lines: Sequence[Line], machine: dict[str, Any]) -> None:
    """One file a row, for whoever compares two days."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {"machine": machine, "lines": [asdict(line) | {"is_good": line.is_good} for line in lines]}
    (folder / f"{row}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
