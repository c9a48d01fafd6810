"""What the code that runs just now belongs to, for the log: a request or a socket, and a chat."""

import logging
import time
import uuid
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
folio: ContextVar[str] = ContextVar("folio", default="")

# One line a request or a socket; with DEBUG on it is left out.
request_log = logging.getLogger("facturando_support.requests")

# By name in the log: whatever else was asked for is nobody's business.
_ROUTES = {"/ws/chat/": "customer-socket", "/ws/agente/": "agent-socket"}


def begin(new_request_id: str) -> None:
    """A request or a socket begins; whose chat it is about is not known yet."""
    request_id.set(new_request_id)
    folio.set("")


class SocketLog:
    """Numbers a socket for the log, and writes of its end there. Made by the task that serves the socket."""

    __slots__ = ("code", "path", "started")

    def __init__(self, path: str) -> None:
        begin(uuid.uuid4().hex)
        self.path = path
        self.started = time.monotonic()
        self.code: int | None = None

    def closed(self, code: int | None) -> None:
        """What closed it. Our own code comes first, and tells more than the browser's answer to it."""
        if self.code is None:
            self.code = code

    def write(self) -> None:
        """The socket has ended."""
        milliseconds = round((time.monotonic() - self.started) * 1000, 1)
        about = {"route": _ROUTES.get(self.path), "code": self.code, "milliseconds": milliseconds}
        request_log.info("Socket closed.", extra=about)
