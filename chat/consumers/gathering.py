"""What sockets ask of the database, gathered: what comes while it works goes in its next turn."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from weakref import WeakKeyDictionary


class Gathering[Item, Answer]:
    """One kind of question, whose items are answered together, at most `most` of them in one turn.

    `ask` takes items and returns an answer for each, in their order; an exception among the answers is raised
    for whoever asked that item, and what `ask` itself raises for all of them. Nobody waits for company: an
    item that comes while nothing is under way goes alone.
    """

    def __init__(
        self, ask: Callable[[list[Item]], Awaitable[Sequence[Answer | Exception]]], most: int
    ) -> None:
        self.ask, self.most = ask, most
        self._of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns[Item, Answer]] = (
            WeakKeyDictionary()
        )

    async def __call__(self, item: Item) -> Answer:
        turns = self._turns()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        turns.waiting.append((item, answer))
        if turns.task is None or turns.task.done():
            # Of nobody's context: what is logged there is not this socket's alone.
            turns.task = asyncio.create_task(self._take(turns), context=Context())
        return await answer

    def waiting(self) -> list[Item]:
        """What has yet to be asked."""
        return [item for item, _answer in self._turns().waiting]

    def _turns(self) -> "_Turns[Item, Answer]":
        return self._of_loop.setdefault(asyncio.get_running_loop(), _Turns())

    async def _take(self, turns: "_Turns[Item, Answer]") -> None:
        while turns.waiting:
            turn, turns.waiting = turns.waiting[: self.most], turns.waiting[self.most :]
            try:
                answers = await self.ask([item for item, _answer in turn])
            except Exception as failure:  # noqa: BLE001 - each socket that asked deals with it
                answers = [failure] * len(turn)
            for (_item, waiting), answer in zip(turn, answers, strict=True):
                _settle(waiting, answer)


class _Turns[Item, Answer]:
    """What waits in one event loop, and who works it off."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self.task: asyncio.Task[None] | None = None


def _settle[Answer](waiting: "asyncio.Future[Answer]", answer: Answer | Exception) -> None:
    # A socket that ended meanwhile waits no longer.
    if waiting.done():
        return
    if isinstance(answer, Exception):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)
