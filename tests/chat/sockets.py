"""Sockets for tests: what a browser sends and is sent, without sleeping."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.conf import settings

from chat import access
from chat.models import Agent
from facturando_support.asgi import application
from tests.chat.conftest import browser_of
from tests.chat.factories import Customer

# Only a failing test waits this long.
PATIENCE_SECONDS = 10
BARRIER = {"type": "test.barrier"}

type Frame = dict[str, Any]


class Socket:
    """One end of a socket of the real application, origins and sessions included."""

    def __init__(self, path: str, cookie: str = "", origin: str | None = None) -> None:
        headers = [(b"origin", (origin or settings.PUBLIC_URL).encode())]
        if cookie:
            headers.append((b"cookie", cookie.encode()))
        self.communicator = WebsocketCommunicator(application, path, headers)
        # What a browser acknowledges.
        self.received = 0

    async def open(self) -> "Socket":
        is_accepted, _protocol = await self.communicator.connect(PATIENCE_SECONDS)
        assert is_accepted
        return self

    async def ready(self) -> "Socket":
        """Wait until the socket is in its groups: it answers in the order in which it was asked."""
        await self.send(type="test.ready")
        assert (await self.next("error"))["code"] in {"command.unknown", "frame.malformed"}
        return self

    async def send(self, **frame: Any) -> None:
        await self.communicator.send_to(json.dumps(frame))

    async def raw(self, text: str) -> None:
        await self.communicator.send_to(text)

    async def acknowledge(self) -> None:
        await self.send(type="heartbeat", received=self.received)

    async def follow(self, session: int, after: int = 0) -> None:
        await self.send(type="chat.follow", session=session, after=after)

    async def follow_live(self, session: int, after: int) -> None:
        """Follow, and wait until all that there was has been sent: what comes next is news."""
        await self.follow(session, after)
        await self.ready()

    async def next(self, *types: str) -> Frame:
        """The next frame of these types; others are dropped."""
        while True:
            frame = json.loads(await self.communicator.receive_from(PATIENCE_SECONDS))
            self.received += 1
            if not types or frame["type"] in types:
                return frame

    async def lines(self, count: int) -> list[Frame]:
        """The next lines of the chat."""
        return [await self.next("message.created") for _each in range(count)]

    async def so_far(self, group: str) -> list[Frame]:
        """What arrived until now: news of all groups come in one queue, the barrier being the last."""
        await tell(group, BARRIER)
        frames = []
        while (frame := await self.next()) != BARRIER:
            frames.append(frame)
        return frames

    async def until_repaired(self) -> list[Frame]:
        """What two heartbeats bring: the first may have begun before the test did."""
        frames: list[Frame] = []
        while [frame["type"] for frame in frames].count("heartbeat") < 2:
            frames.append(await self.next())
        return [frame for frame in frames if frame["type"] != "heartbeat"]

    async def close_code(self) -> int:
        """The code with which the server closes; frames before it are dropped."""
        while True:
            message = await self.communicator.receive_output(PATIENCE_SECONDS)
            if message["type"] == "websocket.close":
                return int(message["code"])

    async def leave(self) -> None:
        await self.communicator.disconnect(timeout=PATIENCE_SECONDS)


async def tell(group: str, frame: Frame) -> None:
    """News as a service sends them, or as the layer distorts them."""
    await get_channel_layer().group_send(group, {"type": "news", "frame": frame})


async def do[T](act: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run a service or a query in the thread of the database."""
    return await database_sync_to_async(act)(*args, **kwargs)


def silently[T](act: Callable[[], T]) -> T:
    """Run `act` while the channel layer loses all news."""
    layer = get_channel_layer()
    layer.is_losing = True
    try:
        return act()
    finally:
        layer.is_losing = False


async def members(group: str) -> set[str]:
    """The channels in a group."""
    return set(get_channel_layer().groups.get(group, {}))


@asynccontextmanager
async def customer_socket(customer: Customer) -> AsyncIterator[Socket]:
    socket = await Socket("/ws/chat/", f"{access.COOKIE_NAME}={customer.cookie}").open()
    yield await socket.ready()
    await socket.leave()


@asynccontextmanager
async def agent_socket(agent: Agent) -> AsyncIterator[Socket]:
    socket = await Socket("/ws/agente/", await do(staff_cookie, agent)).open()
    yield await socket.ready()
    await socket.leave()


@asynccontextmanager
async def refused_socket(path: str, cookie: str = "") -> AsyncIterator[Socket]:
    """A socket that is accepted only to be told why it may not stay."""
    socket = await Socket(path, cookie).open()
    yield socket
    await socket.leave()


def staff_cookie(agent: Agent) -> str:
    browser = browser_of()
    browser.force_login(agent)
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
