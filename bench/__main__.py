"""`python -m bench [--quick] [--list] [ROW…]`: measure, and print a table.

Exit code 1 when a target was missed.
"""

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.figures import Line, table, write_results
from bench.plan import Plan
from bench.rows import ROWS
from bench.targets import CORES, settle_down
from tests.servers import ROOT


def main(arguments: Sequence[str]) -> int:
    # However it is ended, what it started ends with it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    asked = _parse(arguments)
    if asked.list:
        say("\n".join(f"{name:12} {(row.__doc__ or '').splitlines()[0]}" for name, row in ROWS.items()))
        return 0
    settle_down()
    names = asked.rows or list(ROWS)
    found: dict[str, list[Line]] = {}
    with _scratch() as folder:
        plan = Plan(folder, asked.folder, asked.quick)
        for name in names:
            found[name] = _measure(name, plan)
    every = [line for lines in found.values() for line in lines]
    if len(names) > 1:
        say(table(every))
    failed = [name for name, lines in found.items() if not lines]
    say("\n".join(f"not measured: {name}" for name in failed))
    return 0 if not failed and all(line.is_good for line in every) else 1


def _measure(name: str, plan: Plan) -> list[Line]:
    """One row, shown at once and kept; no lines when it failed, which the others need not pay for."""
    began = time.monotonic()
    try:
        lines = list(ROWS[name](plan))
    except Exception:  # noqa: BLE001 - whatever it is, it is shown
        say(f"{name} failed:\n{traceback.format_exc()}")
        return []
    write_results(plan.results, name, lines, _machine(plan))
    say(f"{table(lines)}\n({name}: {time.monotonic() - began:.0f} s)\n")
    return lines


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="What the product costs.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all without one")
    parser.add_argument(
        "--quick", action="store_true", help="two short rounds of each, and fewer of everything"
    )
    parser.add_argument("--list", action="store_true", help="name the rows and measure none")
    parser.add_argument("--folder", type=Path, default=ROOT / "bench/results", help="where the figures go")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.rows) - set(ROWS):
        parser.error(f"no row is called {', '.join(sorted(unknown))}")
    return asked


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _machine(plan: Plan) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "cores": len(CORES),
        "load": os.getloadavg()[0],
        "rounds": plan.rounds,
        "is_quick": plan.is_quick,
    }


def say(text: str) -> None:
    """Show at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
