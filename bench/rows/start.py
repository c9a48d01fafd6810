"""How long until it runs: for whoever tries it for the first time, and for each web process after that."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import targets
from bench.figures import Line
from bench.plan import Plan
from bench.targets import CORES
from tests import servers
from tests.servers import ROOT, free_port, wait_until

MOST_COLD_SECONDS = 25.0
MOST_SECONDS = 1.5
READY = "Listo:"
PATIENCE_SECONDS = 300.0


def start(plan: Plan) -> Sequence[Line]:
    """Cold `make run`, downloads excluded; import and start of a web process."""
    # On both cores, as people have them.
    os.sched_setaffinity(0, set(CORES))
    try:
        starts, imports, cold = _starts(plan), _imports(plan), _cold_starts(plan)
    finally:
        targets.settle_down()
    return [
        Line(
            row="start",
            what="s until a cold `make run` is ready, downloads excluded",
            product=cold,
            judged=cold,
            unit="s",
            bound="<=",
            target=MOST_COLD_SECONDS,
        ),
        Line(
            row="start",
            what="s until a web process answers, from its first instruction",
            product=starts,
            judged=starts,
            unit="s",
            bound="<=",
            target=MOST_SECONDS,
            beside={"s of importing the application": imports},
        ),
    ]


def _starts(plan: Plan) -> list[float]:
    folder = plan.room("start")
    targets.people(folder, {})
    found = []
    for _ in range(plan.rounds):
        began = time.perf_counter()
        with servers.product(folder, env=targets.ENV, command=["serve"]):
            found.append(time.perf_counter() - began)
    return found


def _imports(plan: Plan) -> list[float]:
    env = servers.product_env(plan.room("start"), 0, targets.ENV)
    found = []
    for _ in range(plan.rounds):
        began = time.perf_counter()
        command = [sys.executable, "-c", "import facturando_support.asgi"]
        subprocess.run(command, cwd=ROOT, env=env, check=True, stderr=subprocess.DEVNULL)
        found.append(time.perf_counter() - began)
    return found


def _cold_starts(plan: Plan) -> list[float]:
    wheels = _wheels(plan)
    rounds = 1 if plan.is_quick else plan.rounds
    return [_cold(plan.folder / f"cold-{number}", wheels) for number in range(rounds)]


def _wheels(plan: Plan) -> Path:
    """Everything that `make run` would download."""
    folder = plan.folder / "wheels"
    lock = ROOT / "requirements.lock"
    pip = [sys.executable, "-m", "pip", "download", "-qqq", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(lock), "-d", str(folder)], check=True)
    return folder


def _cold(project: Path, wheels: Path) -> float:
    """A fresh copy of the project, from `make run` until it says that it is ready."""
    project.mkdir()
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    copy = ["tar", "--create", "--null", "--files-from=-"]
    packed = subprocess.run(copy, cwd=ROOT, input=tracked, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "--extract"], cwd=project, input=packed, check=True)
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PYTHON": sys.executable}
    log = project / "make.log"
    began = time.perf_counter()
    with log.open("wb") as output:
        made = subprocess.Popen(
            ["make", "run", f"PORT={free_port()}"],
            cwd=project,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: READY in log.read_text() or made.poll() is not None, "make run", PATIENCE_SECONDS)
        assert made.poll() is None, log.read_text()
        return time.perf_counter() - began
    finally:
        if made.poll() is None:
            # Its own group: make, and what it started.
            os.killpg(made.pid, signal.SIGINT)
        made.wait(servers.STOP_SECONDS)
