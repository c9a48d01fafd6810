"""Private servers for tests: on ports of their own, waited for with a limit, stopped by their pid.

`python -m tests.servers COMMAND…` runs a command with DATABASE_URL and REDIS_URL of such servers.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import redis as redis_client

ROOT = Path(__file__).resolve().parent.parent
# Generous: only a failing test ever waits this long, and a busy machine may need most of it.
START_SECONDS = 60.0
STOP_SECONDS = 20.0
# The installation's own answers must not leak into a test's server.
FOREIGN_SETTINGS = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SECRET_KEY", "EMBED_ORIGINS", "ALLOWED_HOSTS")


def wait_until(condition: Callable[[], Any], what: str, seconds: float = START_SECONDS) -> Any:
    """Ask `condition` until it holds and return its answer; TimeoutError names `what` was waited for."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.02)
    return result


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def initdb_path() -> str | None:
    """PostgreSQL's initdb, which Debian keeps off the PATH."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return str(packaged[-1]) if packaged else shutil.which("initdb")


def is_installed(program: str) -> bool:
    """Whether a system part for tests is there, by the name that `@pytest.mark.needs` uses."""
    return bool(initdb_path() if program == "postgresql" else program_path(program))


def program_path(program: str) -> str | None:
    """Where a program is; Debian keeps those of servers off the PATH of whoever is not root."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin")


# --- PostgreSQL and Redis -------------------------------------------------------------------------------


@dataclass
class Engine:
    """A PostgreSQL or Redis of our own: `url` is where it answers, also after it was started anew."""

    command: Sequence[str]
    url: str
    folder: Path
    answers: Callable[[], bool]
    stop_signal: signal.Signals
    identity: Mapping[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdout=log, stderr=log, **self.identity
            )
        wait_until(lambda: _is_alive(self.process) and self.answers(), self.command[0])

    def stop(self) -> None:
        """End it politely."""
        _end(self.process, self.stop_signal)

    def kill9(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()


@contextmanager
def postgres() -> Iterator[str]:
    """A fresh PostgreSQL; yields its DATABASE_URL."""
    with postgres_engine() as engine:
        yield engine.url


@contextmanager
def redis() -> Iterator[str]:
    """A fresh Redis; yields its REDIS_URL."""
    with redis_engine() as engine:
        yield engine.url


@contextmanager
def postgres_engine(*settings: str) -> Iterator[Engine]:
    """A fresh PostgreSQL, with `settings` as "name=value"."""
    initdb = initdb_path()
    assert initdb, "PostgreSQL is not installed"
    port = free_port()
    with _folder_of_its_own() as (folder, identity):
        data = folder / "data"
        options = ["-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale"]
        subprocess.run(
            [initdb, "-D", data, *options], check=True, stdout=subprocess.DEVNULL, cwd=folder, **identity
        )
        # It is thrown away at the end, so nothing needs to reach the disk.
        ours = ["full_page_writes=off", "max_connections=200", *settings]
        address = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        command = [str(Path(initdb).resolve().with_name("postgres")), "-D", str(data), *address, "-F"]
        command += [word for setting in ours for word in ("-c", setting)]
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        with _running(
            Engine(command, url, folder, lambda: _postgres_answers(url), signal.SIGINT, identity)
        ) as engine:
            yield engine


@contextmanager
def redis_engine() -> Iterator[Engine]:
    """A fresh Redis."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder]
        url = f"redis://127.0.0.1:{port}/0"
        with _running(
            Engine(command, url, Path(folder), lambda: _redis_answers(port), signal.SIGTERM)
        ) as engine:
            yield engine


@contextmanager
def _folder_of_its_own() -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder, and the identity to run as: PostgreSQL refuses to run as root."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        if os.geteuid() != 0:
            yield Path(name), {}
            return
        shutil.chown(name, "postgres", "postgres")
        yield Path(name), {"user": "postgres", "group": "postgres", "extra_groups": []}


@contextmanager
def _running(engine: Engine) -> Iterator[Engine]:
    try:
        engine.start()
        yield engine
    finally:
        if hasattr(engine, "process"):
            engine.stop()


def _end(process: subprocess.Popen[Any], stop_signal: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(stop_signal)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def _is_alive(process: subprocess.Popen[Any]) -> bool:
    assert process.poll() is None, f"ended at once with {process.returncode}: {process.args!r}"
    return True


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _redis_answers(port: int) -> bool:
    with redis_client.Redis(port=port) as client:
        try:
            return bool(client.ping())
        except redis_client.ConnectionError:
            return False


# --- A clock that tests move ----------------------------------------------------------------------------


class MovedClock:
    """The wall clock of processes started with its `env`: it stands still until moved, or lets time run on.

    Their waits stay real.
    """

    def __init__(self, folder: Path, instant: datetime) -> None:
        self.path = folder / "clock"
        self.stand_at(instant)

    def stand_at(self, instant: datetime) -> None:
        """It is `instant` now, until further notice."""
        self.instant = instant
        self._write(f"{instant.timestamp():.0f}")

    def run(self, speed: float = 1) -> None:
        """From where it stands it runs on as time does, or at another speed."""
        away = self.instant - datetime.now(UTC)
        self._write(f"{away.total_seconds():+.3f}s" + (f" x{speed}" if speed != 1 else ""))

    def _write(self, text: str) -> None:
        # Replaced whole: processes read it at every look at the time.
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.path)

    @property
    def env(self) -> dict[str, str]:
        [library] = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            # What stands still is written as seconds, which no zone changes.
            "FAKETIME_FMT": "%s",
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            # A remedy for another Python: with it threads wait seconds for each other.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            # Files keep their own times.
            "NO_FAKE_STAT": "1",
        }


# --- The product ----------------------------------------------------------------------------------------


@dataclass
class Product:
    """A real process of ours: `url` is where it answers, unless its command serves nothing."""

    command: Sequence[str]
    port: int
    env: dict[str, str]
    folder: Path
    is_web: bool = True
    # What Python runs; a test may put a damaged one in its place.
    program: str = "manage.py"
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.folder / f"{self.command[0]}-{self.port}.log"

    def start(self) -> None:
        """Start the process and wait until it answers."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, self.program, *self.command],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._is_ready, f"{self.command}")

    def stop(self, stop_signal: signal.Signals = signal.SIGTERM) -> int:
        """End it politely and return its exit code."""
        _end(self.process, stop_signal)
        return self.process.returncode

    def kill9(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """Start it again on the same port and data, after `stop` or `kill9` or instead of them."""
        if self.process.poll() is None:
            self.stop()
        self.start()

    def log(self) -> str:
        """All that it and its predecessors wrote."""
        return self.log_path.read_text(errors="replace")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, (
            f"{self.command} ended with {self.process.returncode}:\n{self.log()}"
        )
        return _answers(f"{self.url}/healthz") if self.is_web else bool(self.log())


@contextmanager
def product(
    var_dir: Path,
    *,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] = ("serve", "--migrate"),
    port: int | None = None,
    program: str = "manage.py",
) -> Iterator[Product]:
    """Run `manage.py COMMAND` on data in `var_dir`, and end it afterwards if the test did not."""
    port = port or free_port()
    is_web = command[0] == "serve"
    full_command = [*command, "--port", str(port)] if is_web else list(command)
    server = Product(full_command, port, product_env(var_dir, port, env), var_dir, is_web, program)
    try:
        server.start()
        yield server
    finally:
        if hasattr(server, "process"):
            server.stop()


def product_env(var_dir: Path, port: int, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a demo on `port`, always open, with `env` over it."""
    var_dir.mkdir(parents=True, exist_ok=True)
    ours = {name: value for name, value in os.environ.items() if name not in FOREIGN_SETTINGS}
    demo = {
        "DEBUG": "on",
        "HOURS": "open",
        "VAR_DIR": str(var_dir),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "EXTRA_ORIGINS": f"http://localhost:{port}",
        "PYTHONUNBUFFERED": "1",
    }
    return ours | demo | dict(env or {})


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server, over http
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


# --- From the command line ------------------------------------------------------------------------------


def is_on_engines() -> bool:
    """Whether the suite runs on PostgreSQL and Redis: what tests start then has engines of its own, too."""
    return "DATABASE_URL" in os.environ


def engines(stack: ExitStack) -> dict[str, str]:
    """Start PostgreSQL and Redis for as long as `stack` lives; returns the settings that name them."""
    starters: dict[str, Callable[[], AbstractContextManager[str]]] = {
        "DATABASE_URL": postgres,
        "REDIS_URL": redis,
    }
    return {name: stack.enter_context(start()) for name, start in starters.items()}


def main(command: Sequence[str]) -> int:
    """Run `command` between a private PostgreSQL and Redis and return its exit code."""
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        return subprocess.run(command, env=os.environ | engines(stack), cwd=ROOT).returncode
    return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
