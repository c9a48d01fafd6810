"""Web and clock as processes of their own, on PostgreSQL and Redis."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests import servers
from tests.servers import Product

pytestmark = [pytest.mark.process, pytest.mark.engines]


def wrong_parts(server: servers.Product) -> list[str]:
    try:
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=20) as response:  # noqa: S310 - our own
            return json.load(response)["wrong"]
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)["wrong"]


@pytest.fixture
def env(postgres_url: str, redis_url: str) -> dict[str, str]:
    """Engines for all, an offer that the clock makes at once, no heartbeat that would repair lost news."""
    waits = {"CHAT_OFFER_MESSAGE_SECONDS": "1", "CHAT_HEARTBEAT_SECONDS": "600"}
    return {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url} | waits


@pytest.fixture
def webs(tmp_path: Path, env: dict[str, str]) -> Iterator[tuple[Product, Product]]:
    """Two web processes without a clock in them, as two machines behind one proxy."""
    command = ("serve", "--migrate", "--without-clock")
    with servers.product(tmp_path, env=env, command=command) as first:
        shared = env | {"EXTRA_ORIGINS": first.url}
        with servers.product(tmp_path, env=shared, command=command) as second:
            yield first, second


def start_chat(server: Product) -> str:
    """Start a chat by plain HTTP, and return the cookie that shows it."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with browser.open(f"{server.url}/chat/", timeout=20) as page:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    assert token
    typed = {"name": "Ana López", "email": "ana.lopez@contadores.com.mx", "text": "No puedo timbrar"}
    hidden = {"csrfmiddlewaretoken": token[1], "client_id": str(uuid.uuid4())}
    with browser.open(f"{server.url}/chat/iniciar/", urlencode(typed | hidden).encode(), timeout=20) as page:
        assert typed["text"] in page.read().decode()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


@contextmanager
def follow(server: Product, cookie: str, origin: str) -> Iterator[ClientConnection]:
    """A socket at `server` for the chat of `cookie`, on which the first line has arrived."""
    url = f"ws://127.0.0.1:{server.port}/ws/chat/"
    with connect(url, origin=Origin(origin), additional_headers={"Cookie": cookie}) as customer:
        customer.send(json.dumps({"type": "chat.follow", "after": 0}))
        next_line(customer, text="No puedo timbrar")
        yield customer


def next_line(customer: ClientConnection, **expected: str) -> None:
    """Wait for the line that has these fields."""
    while True:
        frame = json.loads(customer.recv(timeout=servers.START_SECONDS))
        if frame["type"] == "message.created" and expected.items() <= frame.items():
            return


def test_web_processes_are_ready_once_a_clock_runs_beside_them(tmp_path, env, webs):
    first, second = webs
    assert wrong_parts(first) == ["clock"]

    with servers.product(tmp_path, env=env, command=("clock",)) as clock:
        servers.wait_until(lambda: not wrong_parts(first) and not wrong_parts(second), "readiness")

        assert clock.stop() == 0


def test_a_line_said_at_one_process_is_heard_at_the_other_and_so_is_what_the_clock_does(tmp_path, env, webs):
    first, second = webs
    cookie = start_chat(first)
    with follow(first, cookie, first.url) as here, follow(second, cookie, first.url) as there:
        here.send(
            json.dumps({"type": "message.send", "text": "¿Hay alguien?", "client_id": str(uuid.uuid4())})
        )
        next_line(there, text="¿Hay alguien?")

        with servers.product(tmp_path, env=env, command=("clock",)):
            for customer in (here, there):
                next_line(customer, rule="queue.offer")


def test_the_fast_tests_and_the_attacks_pass_on_postgresql_and_redis(tmp_path, postgres_url, redis_url):
    env = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url, "VAR_DIR": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-m", "tests", "--part", "parallel", "-p", "no:cacheprovider", "-q"],
        cwd=servers.ROOT,
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout[-20_000:]
