"""The one entry for servers: pages over HTTP, chats over WebSocket."""

import os
from collections.abc import Awaitable
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facturando_support.settings")
# Django must be set up before anything that imports models.
pages = get_asgi_application()

from chat.routing import SOCKETS  # noqa: E402
from facturando_support.body_limit import BodyLimit  # noqa: E402
from facturando_support.http_threads import HttpThreads  # noqa: E402
from facturando_support.single_process import OnlyProcess  # noqa: E402
from facturando_support.sockets import Sockets  # noqa: E402

PROTOCOLS: dict[str, Any] = {
    "http": BodyLimit(HttpThreads(pages)),
    "websocket": Sockets(SOCKETS, settings.PUBLIC_ORIGINS),
}


def by_protocol(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
    """Pages or sockets."""
    return PROTOCOLS[scope["type"]](scope, receive, send)


application = OnlyProcess(by_protocol)
