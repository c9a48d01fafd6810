"""The channel layers that carry the chat's news: Channels' own, told several news at once, and heard by call.

A channel of Channels is a queue, and whoever waits for it a task: more memory than all else that a socket of
ours keeps. Here news call whoever opened the channel. Both layers stay lossy by contract: what they lose is
read from the database (`chat/PROTOCOL.md`, *Repair*).
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from channels.layers import InMemoryChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer, RedisSingleShardConnection

type Message = dict[str, Any]
# Takes a message at once: it may only put it down for later.
type Hear = Callable[[Message], None]

CLEAN_SECONDS = 1.0
# How the names of channels begin that are heard by call.
HEARD = "heard."


class LocalLayer(InMemoryChannelLayer):
    """In memory, for the one process that has everything inside.

    Channels' own looks at every channel whenever anything is sent or awaited, and gives each member of a
    group a deep copy in a task of its own: half of what a line cost. Here the expired are looked for once a
    second, and all get the one message, which nobody changes.
    """

    _cleaned_at = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hearing: dict[str, Hear] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def open_channel(self, hear: Hear) -> str:
        """The name of a new channel, whose messages call `hear`; in the same loop as `close_channel`."""
        channel = _new_name()
        self._loop = asyncio.get_running_loop()
        self._hearing[channel] = hear
        return channel

    def close_channel(self, channel: str) -> None:
        """Nothing calls from that channel any more; whoever opened it has left its groups."""
        self._hearing.pop(channel, None)

    async def group_send_many(self, messages: Sequence[tuple[str, Message]]) -> None:
        """Send messages, each to a group, in order."""
        for group, message in messages:
            await self.group_send(group, message)

    async def group_send(self, group: str, message: Message) -> None:
        self._clean_expired()
        expires_at = time.time() + self.expiry
        for channel in self.groups.get(group, ()):
            if (hear := self._hearing.get(channel)) is not None:
                self._call(hear, message)
            elif not channel.startswith(HEARD):
                self._put(channel, (expires_at, message))

    def _call(self, hear: Hear, message: Message) -> None:
        if self._loop is asyncio.get_running_loop():
            hear(message)
        elif self._loop is not None:
            # A thread that this loop did not start tells its news from a loop of its own.
            self._loop.call_soon_threadsafe(hear, message)

    def _put(self, channel: str, item: tuple[float, Message]) -> None:
        waiting = self.channels.setdefault(channel, asyncio.Queue(self.get_capacity(channel)))
        # Whoever leaves a full queue unread misses it, as the contract of layers allows.
        if not waiting.full():
            waiting.put_nowait(item)

    def _clean_expired(self) -> None:
        now = time.monotonic()
        if now - self._cleaned_at >= CLEAN_SECONDS:
            self._cleaned_at = now
            super()._clean_expired()


class SharedLayer(RedisPubSubChannelLayer):
    """Redis between processes. pubsub keeps sockets open over a restart of Redis."""

    def open_channel(self, hear: Hear) -> str:
        """The name of a new channel, whose messages call `hear`; in the same loop as `close_channel`.

        Redis learns of the groups alone: nothing is sent to one channel.
        """
        channel = _new_name()
        self._get_layer().channels[channel] = _Heard(self.deserialize, hear)
        return channel

    def close_channel(self, channel: str) -> None:
        """Nothing calls from that channel any more; whoever opened it has left its groups."""
        self._get_layer().channels.pop(channel, None)

    def _get_layer(self) -> RedisPubSubLoopLayer:
        is_new = asyncio.get_running_loop() not in self._layers
        layer = super()._get_layer()
        if is_new:
            layer._shards = [_PatientShard(shard.host, layer) for shard in layer._shards]
        return layer

    async def group_send_many(self, messages: Sequence[tuple[str, Message]]) -> None:
        """Send messages, each to a group, in order and on one way to Redis."""
        layer = self._get_layer()
        # All on one server: settings name one.
        [shard] = layer._shards
        async with shard._lock:
            shard._ensure_redis()
            async with shard._redis.pipeline(transaction=False) as pipeline:
                for group, message in messages:
                    pipeline.publish(layer._get_group_channel_name(group), self.serialize(message))
                await pipeline.execute()


class _PatientShard(RedisSingleShardConnection):
    """Waits for news until there are some: channels_redis looks whether there are ten times a second."""

    def _ensure_redis(self) -> None:
        if self._redis is None:
            super()._ensure_redis()
            self._pubsub.get_message = _without_end(self._pubsub.get_message)


def _without_end(read: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    return lambda **options: read(**(options | {"timeout": None}))


class _Heard:
    """In the place of the queue that channels_redis fills for a channel."""

    __slots__ = ("deserialize", "hear")

    def __init__(self, deserialize: Callable[[bytes], Message], hear: Hear) -> None:
        self.deserialize, self.hear = deserialize, hear

    def put_nowait(self, data: bytes) -> None:
        self.hear(self.deserialize(data))


def _new_name() -> str:
    return HEARD + uuid.uuid4().hex
