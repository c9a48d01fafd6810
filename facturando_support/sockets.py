"""Which WebSocket connections are turned away before any consumer sees them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import OriginValidator, WebsocketDenier

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
