"""What only one process may do: run on the in-memory channel layer, whose news reach nobody outside it."""

import fcntl
import logging
import os
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from inspect import markcoroutinefunction
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)

# The lock's file, by the process that took it: a process that is forked inherits the file, and not the right.
_held: dict[int, IO[str]] = {}


class AlreadyRunning(Exception):
    """Another process serves the same VAR_DIR."""


def has_shared_layer() -> bool:
    """Whether processes can tell each other news, so that there may be several."""
    return bool(settings.REDIS_URL)


@contextmanager
def only_process() -> Iterator[None]:
    """Hold VAR_DIR meanwhile, unless the layer is shared; raises AlreadyRunning when another process does."""
    hold()
    try:
        yield
    finally:
        if file := _held.pop(os.getpid(), None):
            file.close()


def hold() -> None:
    """Take VAR_DIR until the process ends, unless the layer is shared or it is taken already.

    Raises AlreadyRunning. The system lets go of the lock when the process ends, however it ends.
    """
    if has_shared_layer() or os.getpid() in _held:
        return
    folder = Path(settings.VAR_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "serve.lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise AlreadyRunning from error
    _held[os.getpid()] = file


def already_running() -> str:
    """What to tell whoever started one process too many."""
    return _(
        "Otro proceso ya atiende con los datos de %(folder)s; deténgalo, o use otra carpeta con VAR_DIR=, "
        "o conecte varios procesos con REDIS_URL."
    ) % {"folder": settings.VAR_DIR}


class OnlyProcess:
    """ASGI middleware: whatever server runs it, a second process on the in-memory layer answers nothing else.

    Not when the module is imported: servers import it and fork afterwards. One that tells when it starts
    (lifespan) is refused then.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    # Not async, as servers take it to be: its coroutine would stay on the stack of every socket.
    @markcoroutinefunction
    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        try:
            hold()
        except AlreadyRunning:
            return _refuse(scope, receive, send)
        if scope["type"] == "lifespan":
            return _live(receive, send)
        return self.application(scope, receive, send)


async def _live(receive: Any, send: Any) -> None:
    """Nothing is to be done at the start and at the end."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    text = already_running()
    logger.critical(text)
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.failed", "message": text})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close"})
    else:
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})
