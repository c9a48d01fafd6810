"""Everything that is promised left away: what is said is stored, and told to both who are in the room."""

import json
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import timezone

from bench.floor.models import Line


class FloorConsumer(AsyncWebsocketConsumer):
    """One insert and one group_send a message; the speaker's own line is the acknowledgement."""

    async def connect(self) -> None:
        self.pair = int(self.scope["url_route"]["kwargs"]["pair"])
        await self.channel_layer.group_add(f"pair.{self.pair}", self.channel_name)
        await self.accept()

    async def disconnect(self, _code: int) -> None:
        await self.channel_layer.group_discard(f"pair.{self.pair}", self.channel_name)

    async def receive(self, text_data: str = "", **_bytes: Any) -> None:
        said = json.loads(text_data)
        await self._store(said)
        await self.channel_layer.group_send(f"pair.{self.pair}", {"type": "line", "text": text_data})

    @database_sync_to_async
    def _store(self, said: dict[str, Any]) -> None:
        Line._default_manager.create(
            pair=self.pair, client_id=said["client_id"], text=said["text"], created_at=timezone.now()
        )

    async def line(self, message: dict[str, Any]) -> None:
        await self.send(text_data=message["text"])


class EchoConsumer(AsyncWebsocketConsumer):
    """Says what was said."""

    async def receive(self, text_data: str = "", **_bytes: Any) -> None:
        await self.send(text_data=text_data)
