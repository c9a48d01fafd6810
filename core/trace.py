"""What the code that runs just now belongs to, for the log: a request or a socket, and a chat."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
folio: ContextVar[str] = ContextVar("folio", default="")


def begin(new_request_id: str) -> None:
    """A request or a socket begins; whose chat it is about is not known yet."""
    request_id.set(new_request_id)
    folio.set("")
