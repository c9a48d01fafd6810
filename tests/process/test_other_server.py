"""Another ASGI server than `manage.py serve` runs the same application under the same rule of one process."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from facturando_support.single_process import OnlyProcess
from tests import servers
from tests.servers import ROOT, wait_until

pytestmark = pytest.mark.process

ONE_TOO_MANY = "Otro proceso ya atiende con los datos de"


@contextmanager
def other_server(folder: Path, **env: str) -> Iterator[str]:
    """daphne's own command, as somebody's recipe would start it; yields its address."""
    port = servers.free_port()
    command = [sys.executable, "-m", "daphne", "-p", str(port), "facturando_support.asgi:application"]
    with (folder / f"daphne-{port}.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=servers.product_env(folder, port, env), stdout=log, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: get(f"{url}/healthz")[0], "daphne")
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(servers.STOP_SECONDS)


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=20) as response:  # noqa: S310 - our own server
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def test_alone_it_serves_and_says_that_no_clock_runs(tmp_path):
    with servers.product(tmp_path):
        pass
    with other_server(tmp_path) as url:
        assert get(f"{url}/chat/")[0] == 200
        assert json.loads(get(f"{url}/readyz")[1])["wrong"] == ["clock"]


def test_beside_another_process_without_redis_it_says_so_and_serves_nothing(tmp_path):
    with servers.product(tmp_path) as first, other_server(tmp_path) as url:
        for path in ("/healthz", "/readyz", "/chat/"):
            status, text = get(url + path)
            assert status == 503
            assert text.startswith(ONE_TOO_MANY)
        with pytest.raises(InvalidStatus):
            connect(url.replace("http", "ws") + "/ws/chat/", origin=Origin(url)).close()

        assert get(f"{first.url}/healthz") == (200, "ok")


def test_once_the_other_one_is_gone_it_serves(tmp_path):
    with servers.product(tmp_path) as first, other_server(tmp_path) as url:
        assert get(f"{url}/healthz")[0] == 503
        first.stop()

        assert get(f"{url}/healthz") == (200, "ok")


@pytest.mark.engines
def test_with_redis_there_may_be_several(tmp_path, redis_url):
    env = {"REDIS_URL": redis_url}
    # Without a clock: its sign of life would stay in the Redis that tests share.
    command = ("serve", "--migrate", "--without-clock")
    with servers.product(tmp_path, env=env, command=command), other_server(tmp_path, **env) as url:
        assert get(f"{url}/healthz") == (200, "ok")


# --- Servers that say when they start, and servers that fork --------------------------------------------


async def application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "served", "scope": scope["type"]})


async def ask(scope_type: str, *messages: str) -> list[Any]:
    """What the application answers, as the server would see it."""
    waiting, answers = list(messages), []

    async def receive() -> Any:
        return {"type": waiting.pop(0)}

    async def send(message: Any) -> None:
        answers.append(message)

    await OnlyProcess(application)({"type": scope_type}, receive, send)
    return answers


@pytest.fixture
def elsewhere(settings, tmp_path) -> Iterator[None]:
    """Another process holds the folder."""
    settings.VAR_DIR = tmp_path
    settings.REDIS_URL = ""
    code = "import fcntl,sys; f=open(sys.argv[1],'a'); fcntl.flock(f,2); print(); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(tmp_path / "serve.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        yield
        holder.communicate()


@pytest.fixture
def _nothing_held(monkeypatch):
    """As in a process that has just been started."""
    held: dict[int, Any] = {}
    monkeypatch.setattr("facturando_support.single_process._held", held)
    yield
    for file in held.values():
        file.close()


@pytest.mark.usefixtures("_nothing_held")
async def test_a_server_that_tells_when_it_starts_is_refused_then(elsewhere):
    [failed] = await ask("lifespan", "lifespan.startup")

    assert failed["type"] == "lifespan.startup.failed"
    assert failed["message"].startswith(ONE_TOO_MANY)


@pytest.mark.usefixtures("_nothing_held")
async def test_alone_it_is_let_start_and_end(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    answers = await ask("lifespan", "lifespan.startup", "lifespan.shutdown")

    assert [answer["type"] for answer in answers] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


@pytest.mark.usefixtures("_nothing_held")
async def test_a_forked_worker_does_not_share_what_its_parent_holds(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    settings.REDIS_URL = ""
    assert await ask("http", "http.request") == [{"type": "served", "scope": "http"}]

    # The child has the parent's open files, and another number.
    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert (await ask("http", "http.request"))[0]["status"] == 503
