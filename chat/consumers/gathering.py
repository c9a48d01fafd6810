"""Commands of this process's sockets, gathered: what comes in while the database works is run together."""

import asyncio
from contextvars import Context
from typing import Any
from weakref import WeakKeyDictionary

from chat import commands
from chat.consumers import database

type Frame = dict[str, Any]

# As many as one commit takes: what more there is waits for the next one, and so does the clock for its turn.
MOST = 50


class Gathering:
    """The commands that wait for their turn in the thread of the database."""

    def __init__(self) -> None:
        self.waiting: list[tuple[commands.Asker, Frame, asyncio.Future[Frame | None]]] = []
        self.turns: asyncio.Task[None] | None = None

    async def run(self, asker: commands.Asker, payload: Frame) -> Frame | None:
        answer: asyncio.Future[Frame | None] = asyncio.get_running_loop().create_future()
        self.waiting.append((asker, payload, answer))
        if self.turns is None or self.turns.done():
            # Of nobody's context: what is logged there is not this socket's alone.
            self.turns = asyncio.create_task(self._take_turns(), context=Context())
        return await answer

    async def _take_turns(self) -> None:
        while self.waiting:
            turn, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
            try:
                answers = await database.run([(asker, payload) for asker, payload, _answer in turn])
            except Exception as failure:  # noqa: BLE001 - each socket that asked deals with it
                answers = [failure] * len(turn)
            for (_asker, _payload, waiting), answer in zip(turn, answers, strict=True):
                _settle(waiting, answer)


def _settle(waiting: asyncio.Future[Frame | None], answer: commands.Answer) -> None:
    # A socket that ended meanwhile waits no longer.
    if waiting.done():
        return
    if isinstance(answer, Exception):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Gathering] = WeakKeyDictionary()


async def run(asker: commands.Asker, payload: Frame) -> Frame | None:
    """Run one command with those of other sockets, and return its answer. Raises what the command raises."""
    return await _of_loop.setdefault(asyncio.get_running_loop(), Gathering()).run(asker, payload)
