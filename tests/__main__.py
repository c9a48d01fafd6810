"""`python -m tests [--part parallel|serial] [WHAT PYTEST TAKES]`: the suite in its two parts, or one of them.

What is parallel runs on all cores at once; what is serial starts servers and browsers, which want a machine.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.servers import ROOT

PARTS = {
    # Redis has sixteen databases, of which each process takes one.
    "parallel": ("-n", "auto", "--maxprocesses", "8", "--dist", "load"),
    "serial": (),
}


def main(arguments: Sequence[str]) -> int:
    """Run the parts, whatever came of the first one, and return what pytest would return for both."""
    parser = argparse.ArgumentParser(prog="python -m tests", add_help=False, allow_abbrev=False)
    parser.add_argument("--part", choices=PARTS)
    chosen, rest = parser.parse_known_args(arguments)
    try:
        return verdict([_run(part, rest) for part in PARTS if chosen.part in (None, part)])
    except KeyboardInterrupt:
        return int(pytest.ExitCode.INTERRUPTED)


def _run(part: str, arguments: Sequence[str]) -> int:
    command = [sys.executable, "-m", "pytest", "--part", part, *PARTS[part], *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def verdict(codes: Sequence[int]) -> int:
    """The first failure. A part without any of the chosen tests is none, unless no part has one."""
    with_tests = [code for code in codes if code != pytest.ExitCode.NO_TESTS_COLLECTED]
    if not with_tests:
        return int(pytest.ExitCode.NO_TESTS_COLLECTED)
    return next((code for code in with_tests if code), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
