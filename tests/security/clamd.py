"""A private clamd with one signature of our own, on a socket of its own."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import servers

# Nobody's virus: a text that our database calls one. clamd marks the names of other people's databases.
VIRUS = b"FACTURANDO-PRUEBA-DE-VIRUS-1"
NAME = "Facturando.Prueba.UNOFFICIAL"
CONFIGURATION = """Foreground yes
LocalSocket {folder}/clamd.ctl
DatabaseDirectory {folder}/signatures
TemporaryDirectory {folder}
"""


@contextmanager
def running_clamd(folder: Path) -> Iterator[servers.Engine]:
    """Run it; `url` is its socket. Without any database it would refuse to start."""
    signatures = folder / "signatures"
    signatures.mkdir(exist_ok=True)
    (signatures / "ours.ndb").write_text(f"Facturando.Prueba:0:*:{VIRUS.hex()}\n")
    (folder / "clamd.conf").write_text(CONFIGURATION.format(folder=folder))
    program, address = servers.program_path("clamd"), f"{folder}/clamd.ctl"
    assert program, "clamd is not installed"
    command = [program, f"--config-file={folder}/clamd.conf"]
    engine = servers.Engine(command, address, folder, lambda: _answers(address), signal.SIGTERM)
    try:
        engine.start()
        yield engine
    finally:
        if hasattr(engine, "process"):
            engine.stop()


def _answers(address: str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as scanner:
            scanner.connect(address)
            scanner.sendall(b"zPING\0")
            return scanner.recv(10) == b"PONG\0"
    except OSError:
        return False
