"""The servers that are measured: the product and the floor, on one core, with the client on another."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import servers
from tests.faults.layouts import ENV as UNLIMITED
from tests.servers import ROOT, Product

PRODUCT, FLOOR = str(ROOT / "bench/inside.py"), str(ROOT / "bench/floor/serve.py")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[-1], CORES[0]
# As an installation runs, but always open; and nobody is turned away because the whole bench has one address.
ENV = {
    **UNLIMITED,
    **{name: "100000000/60" for name in UNLIMITED if name.startswith("LIMIT_")},
    "CHAT_HEARTBEAT_SECONDS": "20",
    "CHAT_MAX_SOCKETS_PER_ADDRESS": "100000",
    "DEBUG": "off",
    "SECRET_KEY": "bench-" + "0123456789" * 5,
    "LOG_LEVEL": "WARNING",
    "BENCH_CORE": str(SERVER_CORE),
    "BENCH_FRAMES_PER_SECOND": "1000000",
}
SQLITE, LARGER = "SQLite", "PostgreSQL + Redis"

type People = dict[str, list[dict[str, Any]]]


def settle_down() -> None:
    """Let this process keep to the client's core, with all the files it may."""
    os.sched_setaffinity(0, {CLIENT_CORE})
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@dataclass
class Target:
    """A server that can be measured, and made to stand still while another one is."""

    server: Product

    @property
    def origin(self) -> str:
        return self.server.url

    @property
    def sockets(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}"

    @property
    def pid(self) -> int:
        return self.server.process.pid

    @contextmanager
    def alone(self, *others: "Target") -> Iterator[None]:
        """Meanwhile `others` stand still: they share the core."""
        for other in others:
            os.kill(other.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for other in others:
                os.kill(other.pid, signal.SIGCONT)

    def cpu_seconds(self) -> float:
        """What it has computed since it began."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kb(self) -> int:
        """What it holds in memory."""
        status = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])


@contextmanager
def layout(name: str) -> Iterator[dict[str, str]]:
    """The settings that name its engines, which run meanwhile on the servers' core.

    What they do is a part of what a line costs. On the client's core they would wait for the client, which
    has more to do for the product's lines than for the floor's.
    """
    with ExitStack() as stack:
        if name != LARGER:
            yield {}
            return
        os.sched_setaffinity(0, {SERVER_CORE})
        try:
            settings = servers.engines(stack)
        finally:
            os.sched_setaffinity(0, {CLIENT_CORE})
        yield settings


@contextmanager
def product(folder: Path, env: Mapping[str, str], *, with_clock: bool | None = None) -> Iterator[Target]:
    """One web process of the product; the clock is inside unless there is a Redis."""
    is_alone = "REDIS_URL" not in env if with_clock is None else with_clock
    command = ["serve", *([] if is_alone else ["--without-clock"])]
    with servers.product(folder, env=ENV | dict(env), command=command, program=PRODUCT) as server:
        yield Target(server)


@contextmanager
def floor(folder: Path, env: Mapping[str, str]) -> Iterator[Target]:
    """The floor, and the echo, in one process."""
    with servers.product(folder, env=ENV | dict(env), command=["serve"], program=FLOOR) as server:
        yield Target(server)


def people(folder: Path, env: Mapping[str, str], **asked: int) -> People:
    """Have a database filled, and learn who is in it."""
    found: People = _told(folder, env, "bench/people.py", json.dumps(asked))
    return found


def probe(folder: Path, what: str, **asked: Any) -> dict[str, Any]:
    """Have something measured inside a process of the product, on the server's core."""
    found: dict[str, Any] = _told(folder, {}, "bench/probe.py", what, json.dumps(asked))
    return found


def _told(folder: Path, env: Mapping[str, str], *command: str) -> Any:
    done = subprocess.run(
        [sys.executable, *command],
        env=servers.product_env(folder, 0, ENV | dict(env)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)
