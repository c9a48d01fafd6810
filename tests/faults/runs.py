"""Let one fault happen from beginning to end, and say what came of it."""

import asyncio
import math
import os
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests import servers
from tests.faults.arena import PATIENCE_SECONDS, Arena, arena
from tests.faults.checker import Violation, Wrong
from tests.faults.scenarios import Fault

# No fault may hold up the others for longer than this.
MOST_SECONDS = 600.0
# Of many violations the first few tell the story.
SHOWN = 8


@dataclass
class Outcome:
    """What one fault did to the product, and whether the product kept its promises."""

    fault: Fault
    seed: int
    runs: int = 0
    acknowledged: int = 0
    violations: list[Violation] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    # What is held more than before the fault, demands that were not met, and how the run itself broke.
    kept: list[str] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    before_after: str = ""
    seconds: float = 0.0

    @property
    def recovery_p95(self) -> float:
        """Seconds within which 95 of 100 clients were served again."""
        ordered = sorted(self.recoveries)
        return ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else 0.0

    @property
    def is_slow(self) -> bool:
        return self.recovery_p95 > self.fault.recovery_seconds

    @property
    def is_good(self) -> bool:
        return not (self.violations or self.kept or self.unmet or self.is_slow)

    def count(self, *wrongs: Wrong) -> int:
        """How many violations are of these kinds; of all other ones without a kind."""
        counts = Counter(violation.wrong for violation in self.violations)
        return sum(counts[wrong] for wrong in wrongs)

    def report(self) -> str:
        """One line, and what was wrong below it."""
        wrong = [*map(str, self.violations), *self.unmet, *(f"kept: {what}" for what in self.kept)]
        wrong += [f"recovery p95 {self.recovery_p95:.1f} s"] if self.is_slow else []
        more = [f"… and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
        about = f"seed {self.seed}, {self.seconds:.0f} s"
        head = f"{'ok ' if self.is_good else 'BAD'} {self.fault.name} ({about}) {'; '.join(self.notes)}"
        return "\n    ".join([head, self.before_after, *wrong[:SHOWN], *more])


def missing_for(fault: Fault) -> list[str]:
    """What this machine lacks to make a fault."""
    lacking = [program for program in fault.needs if not servers.is_installed(program)]
    return lacking + (["root"] if fault.needs_root and os.geteuid() != 0 else [])


def seed_of(fault: Fault) -> int:
    """Each fault's own seed: the same on every machine and every day."""
    return zlib.crc32(fault.name.encode())


def run(
    fault: Fault,
    folder: Path,
    *,
    seed: int | None = None,
    is_quick: bool = False,
    patience: float = PATIENCE_SECONDS,
) -> Outcome:
    """Let a fault happen to a fresh product, whose data and history stay in `folder`."""
    outcome = Outcome(fault, seed_of(fault) if seed is None else seed)
    started = time.monotonic()
    asyncio.run(_run(outcome, folder, is_quick=is_quick, patience=patience))
    outcome.seconds = time.monotonic() - started
    return outcome


async def _run(outcome: Outcome, folder: Path, **settings: Any) -> None:
    random = Random(outcome.seed)  # noqa: S311  chance that can be repeated
    layout = outcome.fault.make(folder / "var", random)
    async with arena(layout, folder, outcome.seed, **settings) as ours:
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await outcome.fault.act(ours)
                await ours.finish()
        except Exception as error:  # noqa: BLE001 - a run that breaks is a finding; its history is judged all the same
            ours.unmet.append(f"{type(error).__name__}: {error}")
        # First nobody talks any more: what is said while the database is read would seem lost.
        await ours.close()
        await _judge(outcome, ours)


async def _judge(outcome: Outcome, ours: Arena) -> None:
    try:
        outcome.violations = await asyncio.to_thread(ours.violations)
    except Exception as error:  # noqa: BLE001 - such as a database that never came back
        ours.unmet.append(f"the database could not be read: {error}")
    outcome.runs, outcome.acknowledged = ours.runs, ours.history.acknowledged
    outcome.recoveries, outcome.notes = ours.recoveries, ours.notes
    outcome.kept, outcome.unmet = ours.kept(), ours.unmet
    outcome.before_after = f"{ours.before} → {ours.after}"
