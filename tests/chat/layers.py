"""Channel layers as they are on a bad day."""

import asyncio
from typing import Any, NoReturn

from facturando_support.layers import LocalLayer


class LossyLayer(LocalLayer):
    """In memory, and while `is_losing` it loses what is sent to groups, as every layer may."""

    is_losing = False

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if not self.is_losing:
            await super().group_send(group, message)


class BrokenLayer(LocalLayer):
    """One whose server is gone."""

    async def group_send(self, group: str, _message: dict[str, Any]) -> NoReturn:
        raise ConnectionError(group)


class HangingLayer(LocalLayer):
    """One whose server takes the call and never answers."""

    async def group_send(self, _group: str, _message: dict[str, Any]) -> NoReturn:
        await asyncio.get_running_loop().create_future()
        raise AssertionError("A future that nobody resolves has no result.")
