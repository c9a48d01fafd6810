"""`python -m tests.faults [--quick] [--seed N] [--list] [WORD…]`: let faults happen, and print a table.

A WORD chooses the faults whose name contains it. Exit code 1 when a promise was broken.
"""

import argparse
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.faults.checker import Wrong
from tests.faults.runs import Outcome, missing_for, run
from tests.faults.scenarios import FAULTS, Fault
from tests.servers import ROOT

HEADINGS = (
    "fault",
    "layout",
    "runs",
    "acknowledged",
    "lost",
    "duplicated",
    "phantom",
    "other",
    "p95 s",
    "resources",
)
NAMED = (Wrong.LOST, Wrong.DUPLICATE, Wrong.PHANTOM)


def main(arguments: Sequence[str]) -> int:
    # However it is ended, what it started ends with it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    asked = _parse(arguments)
    chosen = [fault for fault in FAULTS.values() if _is_chosen(fault, asked.words)]
    if asked.list:
        say("\n".join(f"{fault.name:36} {fault.layout:9} {fault.story}" for fault in chosen))
        return 0
    outcomes, missing = [], []
    for fault in chosen:
        if lacking := missing_for(fault):
            missing.append(f"{fault.name}: needs {', '.join(lacking)}")
            continue
        outcomes.append(run(fault, _fresh(asked.folder / fault.name), seed=asked.seed, is_quick=asked.quick))
        say(outcomes[-1].report())
    say(f"\n{table(outcomes)}")
    say("\n".join(f"not made: {what}" for what in missing))
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description="Faults, and what came of them."
    )
    parser.add_argument("words", nargs="*", help="parts of the names of the faults to make; all without one")
    parser.add_argument("--quick", action="store_true", help="few and short, as the gate of `make test`")
    parser.add_argument("--seed", type=int, help="another one than each fault's own")
    parser.add_argument("--list", action="store_true", help="name the faults and make none")
    parser.add_argument("--folder", type=Path, default=ROOT / "var/faults", help="where histories stay")
    return parser.parse_args(arguments)


def _is_chosen(fault: Fault, words: Sequence[str]) -> bool:
    return not words or any(word in fault.name or word == fault.layout for word in words)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def table(outcomes: Sequence[Outcome]) -> str:
    """All of them, for people."""
    rows = [HEADINGS, *map(_row, outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )


def _row(outcome: Outcome) -> tuple[str, ...]:
    others = len(outcome.violations) - outcome.count(*NAMED) + len(outcome.unmet)
    return (
        outcome.fault.name,
        outcome.fault.layout,
        str(outcome.runs),
        str(outcome.acknowledged),
        *(str(outcome.count(wrong)) for wrong in NAMED),
        str(others),
        f"{outcome.recovery_p95:.1f}",
        ", ".join(outcome.kept) or "back",
    )


def say(text: str) -> None:
    """Show at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
