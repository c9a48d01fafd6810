"""The one entry for servers: pages over HTTP, chats over WebSocket."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facturando_support.settings")
# Django must be set up before anything that imports models.
pages = get_asgi_application()

from chat.routing import websocket_urlpatterns  # noqa: E402
from facturando_support.body_limit import BodyLimit  # noqa: E402
from facturando_support.http_threads import HttpThreads  # noqa: E402
from facturando_support.single_process import OnlyProcess  # noqa: E402
from facturando_support.sockets import ExactOrigins, LoggedSockets, reject  # noqa: E402

# Without the last route an unknown path would be a traceback in the log.
sockets = URLRouter([*websocket_urlpatterns, re_path(r"", reject)])

application = OnlyProcess(
    ProtocolTypeRouter(
        {
            "http": BodyLimit(HttpThreads(pages)),
            "websocket": LoggedSockets(ExactOrigins(sockets, settings.PUBLIC_ORIGINS)),
        }
    )
)
