"""What happens to a WebSocket connection before its consumer: who is turned away."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any
from urllib.parse import urlparse, urlsplit

from channels.security.websocket import OriginValidator

from core.trace import SocketLog


class Sockets:
    """ASGI application: the sockets by path, for pages of the given origins (scheme, host, port) alone.

    A plain function as far as it goes: the coroutines of Channels' routers and validators stay on the stack
    for as long as a socket lives, thousands of times.
    """

    def __init__(self, sockets: Mapping[str, Any], origins: Sequence[str]) -> None:
        self.sockets = sockets
        self.validator = OriginValidator(None, origins)

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        socket = self.sockets.get(scope["path"])
        if socket is None or not self._is_ours(scope):
            return _turn_away(scope, receive, send)
        return socket(scope, receive, send)

    def _is_ours(self, scope: Any) -> bool:
        # Of several, OriginValidator believes the last one. It raises ValueError for what is no address, and
        # finds our host also behind a name before an @.
        origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        if len(origins) != 1 or not _is_address(origins[0]):
            return False
        return bool(self.validator.valid_origin(urlparse(origins[0])))


def _is_address(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        return origin == f"{parts.scheme}://{parts.netloc}" and "@" not in origin and parts.port != 0
    except ValueError:
        return False


async def _turn_away(scope: Any, receive: Any, send: Any) -> None:
    log = SocketLog(scope["path"])
    await receive()
    await send({"type": "websocket.close"})
    log.write()
