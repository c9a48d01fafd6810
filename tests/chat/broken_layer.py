"""A channel layer whose server is gone."""

from typing import Any, NoReturn

from channels.layers import BaseChannelLayer


class BrokenLayer(BaseChannelLayer):
    async def group_send(self, group: str, _message: dict[str, Any]) -> NoReturn:
        raise ConnectionError(group)
