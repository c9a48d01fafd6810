"""`make run` as somebody types it: what it prints, where it answers, and how Ctrl-C ends it."""

import json
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import ROOT, STOP_SECONDS, free_port, wait_until

pytestmark = pytest.mark.process

ALWAYS_OPEN = "Demostración: el chat está siempre abierto."


class Demo:
    """One `make run`, in a process group of its own as a terminal would give it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.log_path = folder / "make.log"
        # Nothing of the suite's own settings; the data go where the test may write.
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                ["make", "run", f"PORT={self.port}", *options],
                cwd=ROOT,
                env=env | {"VAR_DIR": str(folder / "var")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def get(self, host: str, path: str = "/") -> str:
        with urllib.request.urlopen(f"http://{host}:{self.port}{path}", timeout=20) as response:
            assert response.status == 200
            text: str = response.read().decode()
            return text

    def signal(self, number: int) -> None:
        """To each process of the group, as the terminal does; ProcessLookupError when there is none."""
        os.killpg(self.process.pid, number)


@contextmanager
def make_run(folder: Path, *options: str) -> Iterator[Demo]:
    demo = Demo(folder, *options)
    try:
        wait_until(lambda: "Listo:" in demo.log or demo.process.poll() is not None, "make run")
        assert demo.process.poll() is None, demo.log
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.signal(signal.SIGKILL)
            demo.process.wait()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with make_run(tmp_path_factory.mktemp("make-run")) as running:
        yield running


def test_it_prints_the_addresses_and_the_demo_accounts(demo):
    address = f"http://127.0.0.1:{demo.port}"

    for words in (f"{address}/\n", f"{address}/agente/\n", f"{address}/admin/\n", f"Listo: {address} "):
        assert words in demo.log
    assert "agente1, agente2, supervisor (contraseña: facturando-demo)" in demo.log


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_chat_opens_at_both_names_of_the_machine(demo, host):
    origin = f"http://{host}:{demo.port}"
    assert '<script src="/widget.js" async>' in demo.get(host)

    script = demo.get(host, "/widget.js")

    told = json.loads(re.search(r"var settings = (\{.*\});", script)[1])
    assert (told["origin"], told["chat"], told["isOpen"]) == (origin, f"{origin}/chat/", True)
    assert "Soporte Facturando" in demo.get(host, "/chat/")


def test_the_demo_is_always_open_and_says_so(demo):
    assert ALWAYS_OPEN in demo.get("127.0.0.1")


def test_ctrl_c_ends_everything_and_it_starts_again_with_the_real_hours(tmp_path):
    with make_run(tmp_path) as demo:
        demo.signal(signal.SIGINT)
        demo.process.wait(STOP_SECONDS)

    assert "Traceback" not in demo.log
    with pytest.raises(ProcessLookupError):
        demo.signal(0)
    with make_run(tmp_path, "HOURS=real") as again:
        assert ALWAYS_OPEN not in again.get("127.0.0.1")
        assert "agente1" in again.get("127.0.0.1")
