"""One real process: how it starts, refuses, answers and ends."""

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests import servers
from tests.process import leaving
from tests.process.chatting import start_chat, stored_lines
from tests.process.leaving import MARKER
from tests.servers import Product

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product that the tests of this module share and leave running."""
    with servers.product(tmp_path_factory.mktemp("product")) as running:
        yield running


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=20) as response:  # noqa: S310 - our own server
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def refused_start(port: int, folder: Path) -> str:
    """Start another process that must refuse, and return its one sentence."""
    result = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", str(port)],
        cwd=servers.ROOT,
        env=servers.product_env(folder, port),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1, result.stderr
    return result.stderr


# --- Health ---------------------------------------------------------------------------------------------


def test_a_process_that_lives_says_ok(server):
    assert get(f"{server.url}/healthz") == (200, "ok")


def test_a_process_whose_clock_runs_is_ready(server):
    servers.wait_until(lambda: get(f"{server.url}/readyz")[0] == 200, "readiness")

    assert json.loads(get(f"{server.url}/readyz")[1]) == {"ready": True, "wrong": []}


# --- Starting -------------------------------------------------------------------------------------------


def test_the_address_is_printed_once_it_answers(server):
    assert f"Listo: {server.url}" in server.log()


def test_a_taken_port_is_told_in_one_sentence(server, tmp_path):
    sentence = refused_start(server.port, tmp_path)

    assert sentence.startswith(f"El puerto {server.port} ya está en uso")
    assert f"PORT={server.port + 1}" in sentence


def test_a_second_process_on_the_same_data_is_refused(server):
    sentence = refused_start(servers.free_port(), server.folder)

    assert sentence.startswith("Otro proceso ya atiende con los datos de")


def test_a_killed_process_leaves_no_lock_behind(tmp_path):
    with servers.product(tmp_path) as server:
        server.kill9()
        server.restart()

        assert get(f"{server.url}/healthz") == (200, "ok")


# --- Ending ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_quietly_even_with_open_connections(stop_signal, tmp_path):
    with servers.product(tmp_path) as server, idle_page(server), open_chat(server):
        assert server.stop(stop_signal) == 0
        assert server.log().splitlines()[-1].startswith("Listo:")


def test_a_line_that_is_being_stored_at_the_end_does_not_hold_the_process(tmp_path):
    with servers.product(tmp_path, program=str(Path(leaving.__file__))) as server:
        customer = start_chat(server)
        with customer.connected() as wire:
            wire.send(json.dumps(customer.line(MARKER)))

            assert server.process.wait(15) == 0
        assert MARKER in [text for *_, text in stored_lines(server)]


@contextmanager
def idle_page(server: Product) -> Iterator[None]:
    """A browser that has read its page and keeps the connection."""
    with socket.create_connection(("127.0.0.1", server.port)) as browser:
        browser.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert browser.recv(4096).startswith(b"HTTP/1.1 200")
        yield


def open_chat(server: Product) -> AbstractContextManager[ClientConnection]:
    return connect(f"ws://127.0.0.1:{server.port}/ws/chat/", origin=Origin(server.url), open_timeout=20)


# --- Sockets --------------------------------------------------------------------------------------------


def socket_status(server: Product, path: str, origin: str | None) -> int:
    """101 when the server opens a socket at `path` for a page of `origin`, or the status of its refusal."""
    try:
        page = None if origin is None else Origin(origin)
        with connect(f"ws://127.0.0.1:{server.port}{path}", origin=page, open_timeout=20):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_socket_of_our_own_pages_is_accepted(server, name):
    assert socket_status(server, "/ws/chat/", f"http://{name}:{server.port}") == 101


@pytest.mark.parametrize(
    "origin",
    [
        "https://127.0.0.1:{port}",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://127.0.0.2:{port}",
        "http://127.0.0.1.evil.example:{port}",
        "http://evil.example",
        "null",
        "file://",
        "http://[1",
        "http://127.0.0.1:999999",
        "",
        None,
    ],
)
def test_a_socket_of_a_foreign_page_is_refused_without_an_error_in_the_log(server, origin):
    foreign = origin and origin.format(port=server.port)

    # 400 is the server's own parser, for what is no address at all.
    assert socket_status(server, "/ws/chat/", foreign) in (400, 403)
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/nada/", "/ws/chat"])
def test_a_socket_at_an_unknown_path_is_refused_without_an_error_in_the_log(server, path):
    assert socket_status(server, path, server.url) == 403
    assert "Traceback" not in server.log()


# --- Bodies ---------------------------------------------------------------------------------------------

LIMIT = 10 * 1024 * 1024 + 256 * 1024
PIECE = bytes(64 * 1024)


def send(server: Product, headers: str, pieces: Iterator[bytes]) -> bytes:
    """Send a request over a plain socket and return everything that comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(
            f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n".encode()
        )
        for piece in pieces:
            client.sendall(piece)
        return b"".join(iter(lambda: client.recv(65536), b""))


def body(size: int) -> Iterator[bytes]:
    yield from (PIECE for _ in range(size // len(PIECE)))
    yield bytes(size % len(PIECE))


def chunked(size: int) -> Iterator[bytes]:
    yield from (b"%x\r\n%b\r\n" % (len(piece), piece) for piece in body(size) if piece)
    yield b"0\r\n\r\n"


def test_a_body_as_large_as_allowed_is_let_through(server):
    answer = send(server, f"Content-Length: {LIMIT}\r\n", body(LIMIT))

    assert answer.startswith(b"HTTP/1.1 200")


def test_an_announced_body_over_the_limit_is_answered_413(server):
    answer = send(server, f"Content-Length: {LIMIT + 1}\r\n", body(LIMIT + 1))

    assert answer.startswith(b"HTTP/1.1 413")
    assert "Lo que envió pasa del límite de 10 MB." in answer.decode()


def test_a_body_that_grows_over_the_limit_unannounced_is_answered_413(server):
    answer = send(server, "Transfer-Encoding: chunked\r\n", chunked(2 * LIMIT))

    assert answer.startswith(b"HTTP/1.1 413")


def test_whoever_asks_for_json_reads_a_code(server):
    answer = send(server, f"Accept: application/json\r\nContent-Length: {LIMIT + 1}\r\n", body(LIMIT + 1))

    head, _, content = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413")
    assert json.loads(content)["code"] == "upload.too-large"


def test_a_body_without_end_is_cut_off(server):
    def endless() -> Iterator[bytes]:
        while True:
            yield PIECE

    with pytest.raises(ConnectionError):
        send(server, f"Content-Length: {10**12}\r\n", endless())


def test_a_body_over_the_limit_is_stored_nowhere(server):
    announced = send(server, f"Content-Length: {5 * LIMIT}\r\n", body(5 * LIMIT))
    streamed = send(server, "Transfer-Encoding: chunked\r\n", chunked(5 * LIMIT))

    status = Path(f"/proc/{server.process.pid}/status")
    assert announced.startswith(b"HTTP/1.1 413")
    assert streamed.startswith(b"HTTP/1.1 413")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        assert int(peak.split()[1]) < 250 * 1024
