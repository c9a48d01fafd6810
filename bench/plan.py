"""How long and how often a run measures, and which rows there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Line


@dataclass(frozen=True)
class Plan:
    """One run: its scratch folder, and how much of everything."""

    folder: Path
    results: Path
    is_quick: bool

    @property
    def rounds(self) -> int:
        return 2 if self.is_quick else 5

    def seconds(self, most: float) -> float:
        """How long one round measures."""
        return max(1.0, most / 3) if self.is_quick else most

    def many(self, most: int) -> int:
        """How many sockets or rows take part."""
        return max(1, most // 5) if self.is_quick else most

    def room(self, name: str) -> Path:
        """A folder of its own for one server."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


type Row = Callable[[Plan], Sequence[Line]]
