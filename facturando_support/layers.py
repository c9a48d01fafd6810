"""The channel layers that carry the chat's news: Channels' own, told several news at once.

Both stay lossy by contract: what they lose is read from the database (`chat/PROTOCOL.md`, *Repair*).
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from channels.layers import InMemoryChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

type Message = dict[str, Any]

CLEAN_SECONDS = 1.0


class LocalLayer(InMemoryChannelLayer):
    """In memory, for the one process that has everything inside.

    Channels' own looks at every channel whenever anything is sent or awaited, and gives each member of a
    group a deep copy in a task of its own: half of what a line cost. Here the expired are looked for once a
    second, and all get the one message, which nobody changes.
    """

    _cleaned_at = 0.0

    async def group_send_many(self, messages: Sequence[tuple[str, Message]]) -> None:
        """Send messages, each to a group, in order."""
        for group, message in messages:
            await self.group_send(group, message)

    async def group_send(self, group: str, message: Message) -> None:
        self._clean_expired()
        expires_at = time.time() + self.expiry
        for channel in self.groups.get(group, ()):
            waiting = self.channels.setdefault(channel, asyncio.Queue(self.get_capacity(channel)))
            # Whoever leaves a full queue unread misses it, as the contract of layers allows.
            if not waiting.full():
                waiting.put_nowait((expires_at, message))

    def _clean_expired(self) -> None:
        now = time.monotonic()
        if now - self._cleaned_at >= CLEAN_SECONDS:
            self._cleaned_at = now
            super()._clean_expired()


class SharedLayer(RedisPubSubChannelLayer):
    """Redis between processes. pubsub keeps sockets open over a restart of Redis."""

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
