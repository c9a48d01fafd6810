"""Wires that break, fall silent and delay, frames that come again and again, and news that get lost."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed

from tests.faults import layouts
from tests.faults.arena import Arena
from tests.faults.clients import Frame, Talker
from tests.faults.layouts import Layout
from tests.faults.nemesis import last
from tests.faults.scenarios.table import Make, fault


@fault()
async def sockets_cut(arena: Arena) -> None:
    """Half of the connections break in the middle of whatever they carried; at times all of them."""
    await arena.gather()
    await arena.begin()
    wire = arena.layout.wire
    for number in range(5 if arena.is_quick else 20):
        await arena.acknowledged(arena.random.randint(1, 20))
        share = 1.0 if number % 5 == 4 else 0.5
        await arena.struck(lambda: wire.tear(share))  # noqa: B023  used at once
        await arena.recovered()


@fault()
async def sockets_half_open(arena: Arena) -> None:
    """Every connection goes on standing and carries nothing: each side must notice by the silence."""
    await arena.gather()
    await arena.begin()
    for _ in range(1 if arena.is_quick else 3):
        await arena.acknowledged(10)
        await arena.struck(arena.layout.wire.go_deaf)
        await arena.recovered()


@fault()
async def network_delayed(arena: Arena) -> None:
    """Every piece of traffic is up to half a second late, for ten seconds."""
    await arena.gather()
    await arena.begin()
    arena.layout.wire.delay(0.5)
    await arena.struck(lambda: last(2 if arena.is_quick else 10))
    arena.layout.wire.delay(0)
    await arena.recovered()


class Stutterer(Talker):
    """A client that sends each of its lines one to five times, over two sockets."""

    other: Any = None

    async def _talk(self, socket: Any) -> None:
        async with self.open() as self.other:
            listener = asyncio.create_task(self._listen(socket, self.other))
            try:
                await super()._talk(socket)
            finally:
                listener.cancel()
                # What is said until the next one is open must not go into this one.
                self.other = None

    async def _listen(self, socket: Any, other: Any) -> None:
        """The second socket follows nothing; it hears the answers to what it sent. Both end together."""
        received = 0
        with suppress(ConnectionClosed):
            while True:
                frame = json.loads(await other.recv())
                received += 1
                if frame["type"] == "heartbeat" or received % 100 == 0:
                    await other.send(json.dumps({"type": "heartbeat", "received": received}))
                if frame["type"] == "message.stored":
                    await self.take(frame)
        await socket.close()

    async def _send(self, frame: Frame) -> None:
        if frame["type"] not in ("message.send", "note.send"):
            await super()._send(frame)
            return
        for _ in range(self.random.randint(1, 5)):
            sockets = [socket for socket in (self.socket, self.other) if socket is not None]
            with suppress(ConnectionClosed, IndexError):
                await self.random.choice(sockets).send(json.dumps(frame, ensure_ascii=False))


@fault()
async def frames_repeated(arena: Arena) -> None:
    """Every line is sent one to five times over two sockets, and connections break meanwhile."""
    arena.kind = Stutterer
    # Five times each, and the limit is thirty frames a second.
    arena.pace_seconds = (0.4, 0.8)
    await arena.gather()
    await arena.begin()
    for _ in range(1 if arena.is_quick else 8):
        await arena.acknowledged(40)
        await arena.struck(lambda: arena.layout.wire.tear(0.5))
        await arena.recovered()


def _with_a_bad_layer(make: Callable[..., AbstractContextManager[Layout]]) -> Make:
    return lambda folder, random: make(folder, random, env={"LAYER_SEED": str(random.getrandbits(32))})


@fault(_with_a_bad_layer(layouts.embedded))
async def news_lost_and_reordered(arena: Arena) -> None:
    """A channel layer that drops 30 % of the news, repeats some, and delivers the rest out of order."""
    await _talk_over_a_bad_layer(arena)


@fault(_with_a_bad_layer(layouts.larger), layout="larger")
async def news_lost_and_reordered_on_redis(arena: Arena) -> None:
    """The same between two web processes on Redis."""
    await _talk_over_a_bad_layer(arena)


async def _talk_over_a_bad_layer(arena: Arena) -> None:
    await arena.gather()
    await arena.begin()
    arena.runs += 1
    await arena.acknowledged(150 if arena.is_quick else 1500)
    await arena.recovered()
