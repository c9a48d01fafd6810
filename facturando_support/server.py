"""daphne as this project runs it: bounded bodies, the clock beside it, and an end without noise."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from functools import partial
from io import BytesIO
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.http_protocol import WebRequest
from daphne.server import Server
from django.conf import settings
from twisted.internet import defer, reactor

from facturando_support.body_limit import DRAIN_BYTES, answer
from facturando_support.http_threads import finish_threads

# A page that takes longer is broken; its reader has left.
HTTP_TIMEOUT_SECONDS = 60
# Slow mobile networks need some seconds for the handshake's few packets; nobody needs more.
HANDSHAKE_SECONDS = 10
# Below the usual minute after which proxies and routers forget a quiet connection.
PING_SECONDS = 20
PING_ANSWER_SECONDS = 20
# A message of the longest allowed text, each character escaped, stays well below.
FRAME_BYTES = 128 * 1024
# Fewer, larger pieces between daphne and Django.
BODY_PIECE_BYTES = 64 * 1024
# How long a consumer may take to say goodbye.
CLOSE_SECONDS = 10

Clock = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class PortTaken(Exception):
    """The address cannot be listened on."""


class LimitedRequest(WebRequest):
    """Drops a body over the limit while it arrives: daphne itself would first store any size on disk.

    The application is started all the same, and its BodyLimit gives the answer.
    """

    _received = 0

    def gotLength(self, length: int | None) -> None:
        if length is not None and length > settings.MAX_BODY_BYTES:
            self.content = BytesIO()
            self._received = settings.MAX_BODY_BYTES + 1
        else:
            super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:
        is_within = self._received <= settings.MAX_BODY_BYTES
        self._received += len(data)
        # The piece that passes the limit is kept, so that BodyLimit sees it pass.
        if is_within:
            super().handleContentChunk(data)
        elif self._received > settings.MAX_BODY_BYTES + DRAIN_BYTES:
            self._hang_up()

    def _hang_up(self) -> None:
        content_type, body = answer(accepts_json=False)
        head = (
            b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Type: %b\r\n\r\n" % content_type
        )
        self.channel.write(head + body)
        self.channel.loseConnection()


class SupportServer(Server):
    """One process: listens, runs the clock if it is given one, and stops both on SIGINT and SIGTERM."""

    connections: dict[Any, dict[str, Any]]

    def __init__(
        self, application: Any, *, host: str, port: int, clock: Clock | None, on_ready: Callable[[], None]
    ):
        super().__init__(
            application,
            endpoints=build_endpoint_description_strings(host=host, port=port),
            http_timeout=HTTP_TIMEOUT_SECONDS,
            request_buffer_size=BODY_PIECE_BYTES,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_ANSWER_SECONDS,
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
            websocket_connect_timeout=HANDSHAKE_SECONDS,
            websocket_max_message_size=FRAME_BYTES,
            websocket_max_frame_size=FRAME_BYTES,
            application_close_timeout=CLOSE_SECONDS,
            ready_callable=self._ready,
            server_name="",
            verbosity=0,
        )
        self.clock = clock
        self.on_ready = on_ready
        self.is_refused = False

    def run(self) -> None:
        """Serve until a signal comes; raises PortTaken."""
        super().run()
        # A thread that has just committed tells its news on this loop: without it, it would wait for ever.
        loop = asyncio.get_event_loop()
        loop.run_until_complete(loop.run_in_executor(None, finish_threads))
        if self.is_refused:
            raise PortTaken

    def listen_error(self, _failure: Any) -> None:
        self.is_refused = True
        self.stop()

    def kill_all_applications(self) -> Any:
        # daphne's own raises KeyError for a connection whose request has already been answered.
        for connection in [
            key for key, kept in self.connections.items() if "application_instance" not in kept
        ]:
            del self.connections[connection]
        return super().kill_all_applications()

    def _ready(self) -> None:
        self.http_factory.buildProtocol = partial(_limit_requests, self.http_factory.buildProtocol)
        if self.clock:
            self._start_clock(self.clock)
        # Half a million objects that live as long as the process: looking through them all for garbage, which
        # Python does now and then, would stop everybody's chat for a fifth of a second.
        gc.collect()
        gc.freeze()
        self.on_ready()

    def _start_clock(self, clock: Clock) -> None:
        stop = asyncio.Event()
        task = asyncio.get_event_loop().create_task(clock(stop))

        def stop_clock() -> defer.Deferred[None]:
            stop.set()
            return defer.Deferred.fromFuture(task)

        twisted: Any = reactor
        twisted.addSystemEventTrigger("before", "shutdown", stop_clock)


def _limit_requests(build_protocol: Callable[[Any], Any], address: Any) -> Any:
    protocol = build_protocol(address)
    protocol.requestFactory = LimitedRequest
    return protocol
