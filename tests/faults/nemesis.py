"""The faults, done to processes, engines and disks that the harness itself made; by pid, never by name.

Each blocks its caller for as long as it lasts: scenarios run them in a thread.
"""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from tests.servers import Engine, Product

# --- Processes ------------------------------------------------------------------------------------------


@contextmanager
def stopped(pids: Sequence[int]) -> Iterator[None]:
    """Processes that stand still, as on a machine that swaps or migrates."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def family(pid: int) -> list[int]:
    """A process and its children: PostgreSQL works in one for each connection."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


@contextmanager
def few_descriptors(product: Product, spare: int) -> Iterator[None]:
    """A process that may open only `spare` more files and sockets."""
    pid = product.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # The limit is on the number of the next one, not on how many there are.
    highest = max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1 + spare, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


# --- SQLite ---------------------------------------------------------------------------------------------


@contextmanager
def locked_database(folder: Path) -> Iterator[None]:
    """Another program writes into the file and does not finish."""
    with closing(
        sqlite3.connect(folder / "facturando.sqlite3", timeout=30, isolation_level=None)
    ) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")


# --- Redis ----------------------------------------------------------------------------------------------


def redis_of(engine: Engine) -> redis.Redis:
    """A connection of the nemesis' own."""
    return redis.Redis(port=urlsplit(engine.url).port or 0, socket_timeout=10)


@contextmanager
def full_redis(engine: Engine) -> Iterator[None]:
    """No room for one more key."""
    with redis_of(engine) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
        try:
            yield
        finally:
            client.config_set("maxmemory", "0")


# --- PostgreSQL -----------------------------------------------------------------------------------------


@contextmanager
def no_connections_left(engine: Engine) -> Iterator[None]:
    """Somebody else takes every connection, those of the product included."""
    hoard: list[psycopg.Connection] = [psycopg.connect(engine.url, autocommit=True)]
    try:
        for _ in range(3):
            hoard[0].execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
                "AND application_name <> 'hoard'"
            )
            with suppress(psycopg.OperationalError):
                while True:
                    url = f"{engine.url}?application_name=hoard"
                    hoard.append(psycopg.connect(url, autocommit=True, connect_timeout=5))
        yield
    finally:
        for connection in hoard:
            connection.close()


# --- Disks ----------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of its own at `folder`, in memory. Needs root."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Not one byte is free, until the end."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(shutil.disk_usage(folder).free or 4096))
            file.flush()
    try:
        yield
    finally:
        ballast.unlink()


# --- Durations ------------------------------------------------------------------------------------------


def last(seconds: float) -> None:
    """How long a fault lasts: the only waiting of a run that is measured in time."""
    time.sleep(seconds)
