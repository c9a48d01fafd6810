"""Serves floor and echo with daphne, as the product is served: `serve.py serve --port N`."""

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[2])

from bench.inside import set_up  # noqa: E402

# As often as the product's.
PING_SECONDS = 20
# As patient with handshakes as the product.
HANDSHAKE_SECONDS = 10
# Longer than it is ever made to stand still.
PING_ANSWER_SECONDS = 600


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    set_up("bench.floor.settings")
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", run_syncdb=True, verbosity=0)
    connections.close_all()
    _serve(port)


def _serve(port: int) -> None:
    from channels.routing import ProtocolTypeRouter, URLRouter
    from daphne.endpoints import build_endpoint_description_strings
    from daphne.server import Server
    from django.urls import path

    from bench.floor.consumers import EchoConsumer, FloorConsumer

    sockets = URLRouter(
        [path("pair/<int:pair>/", FloorConsumer.as_asgi()), path("echo/", EchoConsumer.as_asgi())]
    )
    application = ProtocolTypeRouter({"http": _nothing_here, "websocket": sockets})
    endpoints = build_endpoint_description_strings(host="127.0.0.1", port=port)
    pings = {"ping_interval": PING_SECONDS, "ping_timeout": PING_ANSWER_SECONDS}
    handshakes = dict.fromkeys(
        ("websocket_handshake_timeout", "websocket_connect_timeout"), HANDSHAKE_SECONDS
    )
    Server(application, endpoints=endpoints, verbosity=0, **pings, **handshakes).run()


async def _nothing_here(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    main()
