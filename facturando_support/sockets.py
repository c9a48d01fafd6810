"""What happens to a WebSocket connection around its consumer: who is turned away, and what is logged."""

import logging
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import OriginValidator, WebsocketDenier

from core import trace

request_log = logging.getLogger("facturando_support.requests")

# By name in the log: whatever else was asked for is nobody's business.
_ROUTES = {"/ws/chat/": "customer-socket", "/ws/agente/": "agent-socket"}

reject = WebsocketDenier.as_asgi()


class ExactOrigins(OriginValidator):
    """Accept only the given origins: scheme, host, port. None, or one that is no address, is refused."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # OriginValidator raises ValueError for these instead of refusing.
        if not all(_is_address(origin) for origin in _origins(scope)):
            await reject(scope, receive, send)
            return
        await super().__call__(scope, receive, send)


def _origins(scope: Any) -> Iterator[str]:
    return (value.decode("latin-1") for name, value in scope["headers"] if name == b"origin")


def _is_address(origin: str) -> bool:
    try:
        return bool(urlsplit(origin).hostname) and urlsplit(origin).port != 0
    except ValueError:
        return False


class LoggedSockets:
    """ASGI middleware: numbers each socket for the log, and logs its end with the code it was closed with."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        started = time.monotonic()
        trace.begin(uuid.uuid4().hex)
        code: int | None = None

        async def heard() -> Any:
            nonlocal code
            message = await receive()
            # What we closed it with tells more than the browser's answer to it.
            code = message.get("code") if code is None else code
            return message

        async def told(message: Any) -> None:
            nonlocal code
            code = message.get("code", code)
            await send(message)

        try:
            await self.application(scope, heard, told)
        finally:
            milliseconds = round((time.monotonic() - started) * 1000, 1)
            about = {"route": _ROUTES.get(scope["path"]), "code": code, "milliseconds": milliseconds}
            request_log.info("Socket closed.", extra=about)
