"""The product as it is run: one process with everything inside, or several on PostgreSQL and Redis."""

import atexit
import json
import os
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis

from tests import servers
from tests.faults import watched
from tests.faults.proxy import Wire, wire
from tests.servers import Engine, Product

HEARTBEAT_SECONDS = 2
WATCHED = str(Path(watched.__file__))
# Nobody is turned away because a whole office of testers sits behind one address, and nothing becomes due
# by itself; the heartbeat is quick, so that repairs are.
ENV = {
    "CHAT_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
    "CHAT_MAX_SOCKETS_PER_ADDRESS": "3000",
    "CHAT_INACTIVITY_WARNING_SECONDS": "36000",
    "CHAT_INACTIVITY_END_SECONDS": "72000",
    "CHAT_OFFER_MESSAGE_SECONDS": "36000",
    "CHAT_AGENT_VANISHED_SECONDS": "36000",
    "LIMIT_CHATS_PER_ADDRESS": "100000/60",
    "LIMIT_REQUESTS_PER_VISITOR": "100000/60",
    "LIMIT_MESSAGES_PER_VISITOR": "100000/60",
    "LIMIT_UPLOADS_PER_VISITOR": "100000/60",
    "LIMIT_BOOKINGS_PER_ADDRESS": "100000/60",
    "LIMIT_HOLDS_PER_ADDRESS": "100000/60",
    "LIMIT_SOCKETS_PER_ADDRESS": "100000/60",
    "LIMIT_LOGINS_PER_ADDRESS": "100000/60",
}
WATCH_SECONDS = 10.0


@dataclass(frozen=True)
class Sample:
    """What all processes of the product hold together at one instant."""

    memory_mb: float
    descriptors: int
    tasks: int
    sockets: int
    # On PostgreSQL and Redis.
    connections: int

    def __str__(self) -> str:
        return " ".join(f"{name}={value:.0f}" for name, value in asdict(self).items())


@dataclass
class Layout:
    """A running product: its processes, its engines, the wire before it and a way to read its database."""

    folder: Path
    wire: Wire
    webs: list[Product]
    clocks: list[Product] = field(default_factory=list)
    postgres: Engine | None = None
    redis: Engine | None = None

    @property
    def origin(self) -> str:
        return self.wire.url

    @property
    def web(self) -> Product:
        """The only web process, or the first."""
        return self.webs[0]

    @property
    def processes(self) -> list[Product]:
        return [*self.webs, *self.clocks]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database holds, read past the product."""
        if self.postgres is not None:
            with psycopg.connect(self.postgres.url, connect_timeout=10) as database:
                return database.execute(query).fetchall()  # type: ignore[arg-type]
        with closing(sqlite3.connect(self.folder / "facturando.sqlite3", timeout=60)) as database:
            return database.execute(query).fetchall()

    def sample(self) -> Sample:
        """Memory, descriptors, tasks, sockets and connections of now."""
        told = [self._ask(product) for product in self.processes]
        pids = [product.process.pid for product in self.processes]
        return Sample(
            memory_mb=sum(memory_mb(pid) for pid in pids),
            descriptors=sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids),
            tasks=sum(answer["tasks"] for answer in told),
            sockets=sum(answer["sockets"] for answer in told),
            connections=self._connections(),
        )

    def _ask(self, product: Product) -> dict[str, int]:
        pid = product.process.pid
        answer = Path(product.env["WATCH_FOLDER"]) / f"{pid}.json"
        answer.unlink(missing_ok=True)
        os.kill(pid, signal.SIGUSR1)
        servers.wait_until(answer.exists, f"{product.command} to tell what it holds", WATCH_SECONDS)
        held: dict[str, int] = json.loads(answer.read_text())
        return held

    def _connections(self) -> int:
        count = 0
        if self.postgres is not None:
            query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            count += self.rows(query)[0][0] - 1
        if self.redis is not None:
            with redis.Redis(port=urlsplit(self.redis.url).port) as client:
                count += len(client.client_list()) - 1
        return count


def memory_mb(pid: int, name: str = "VmRSS") -> float:
    """What a process keeps in memory, or kept at most (VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    line = next(line for line in status if line.startswith(name))
    return int(line.split()[1]) / 1024


@contextmanager
def embedded(
    folder: Path, random: Random, *, env: Mapping[str, str] | None = None, program: str = WATCHED
) -> Iterator[Layout]:
    """SQLite, the in-memory layer and the clock in one process."""
    ports = servers.free_port(), servers.free_port()
    shutil.copytree(_prepared(), folder, dirs_exist_ok=True)
    with ExitStack() as stack:
        line = stack.enter_context(wire([ports[1]], ports[0], random))
        web = Product(
            ["serve", "--migrate", "--port", str(ports[1])],
            ports[1],
            _env(folder, ports, env),
            folder,
            is_web=True,
            program=program,
        )
        stack.callback(_stop, web)
        web.start()
        yield Layout(folder, line, [web])


@cache
def _prepared() -> Path:
    """Data with a migrated database and the demo's accounts, made once and copied for each run."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with servers.product(folder / "var", command=("serve", "--demo")):
        pass
    for log in (folder / "var").glob("*.log"):
        log.unlink()
    return folder / "var"


@contextmanager
def larger(
    folder: Path, random: Random, *, env: Mapping[str, str] | None = None, program: str = WATCHED
) -> Iterator[Layout]:
    """PostgreSQL, Redis, two web processes and two clocks behind one address."""
    ports = [servers.free_port() for _ in range(3)]
    with ExitStack() as stack:
        postgres = stack.enter_context(servers.postgres_engine("max_connections=60"))
        redis_server = stack.enter_context(servers.redis_engine())
        urls = {"DATABASE_URL": postgres.url, "REDIS_URL": redis_server.url}
        settings = _env(folder, ports, urls | dict(env or {}))
        line = stack.enter_context(wire(ports[1:], ports[0], random))
        webs = [_web(folder, port, settings, program) for port in ports[1:]]
        clocks = [_clock(folder, number, settings, program) for number in (1, 2)]
        for product in [*webs, *clocks]:
            stack.callback(_stop, product)
        # The first one migrates; the others may come at once then.
        webs[0].start()
        webs[0].command = webs[1].command[:2] + ["--port", str(webs[0].port)]
        with ThreadPoolExecutor() as pool:
            list(pool.map(Product.start, [webs[1], *clocks]))
        yield Layout(folder, line, webs, clocks, postgres, redis_server)


def _web(folder: Path, port: int, env: dict[str, str], program: str) -> Product:
    command = ["serve", "--without-clock", "--demo", "--port", str(port)]
    return Product(command, port, env, folder, is_web=True, program=program)


def _clock(folder: Path, number: int, env: dict[str, str], program: str) -> Product:
    # The port stands in the name of its log alone.
    return Product(["clock"], number, env, folder, is_web=False, program=program)


def _env(folder: Path, ports: tuple[int, ...] | list[int], env: Mapping[str, str] | None) -> dict[str, str]:
    watch = folder.parent / f"{folder.name}-watch"
    watch.mkdir(parents=True, exist_ok=True)
    # A crowd comes past the wire, to a process itself.
    direct = ",".join(f"http://127.0.0.1:{port}" for port in ports[1:])
    wired = {
        "PUBLIC_URL": f"http://127.0.0.1:{ports[0]}",
        "EXTRA_ORIGINS": direct,
        "WATCH_FOLDER": str(watch),
    }
    return servers.product_env(folder, ports[0], ENV | wired | dict(env or {}))


def _stop(product: Product) -> None:
    if not hasattr(product, "process") or product.process.poll() is not None:
        return
    # One that a run left stopped would not hear it.
    with suppress(ProcessLookupError):
        product.process.send_signal(signal.SIGCONT)
    product.stop()
