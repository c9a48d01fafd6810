"""What only one process may do: run on the in-memory channel layer, whose news reach nobody outside it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


class AlreadyRunning(Exception):
    """Another process serves the same VAR_DIR."""


def has_shared_layer() -> bool:
    """Whether processes can tell each other news, so that there may be several."""
    return bool(settings.REDIS_URL)


@contextmanager
def only_process() -> Iterator[None]:
    """Hold VAR_DIR for this process unless the layer is shared; raises AlreadyRunning when another holds it.

    The system lets go of the lock when the process ends, however it ends.
    """
    if has_shared_layer():
        yield
        return
    folder = Path(settings.VAR_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "serve.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning from error
        yield
