"""What sockets ask of the database, gathered: what comes while it works goes in its next turn."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from weakref import WeakKeyDictionary


class Gathering[Item, Answer]:
    """One kind of question, whose items are answered together, at most `most` of them in one turn.

    `ask` takes items and returns an answer for each, in their order; an exception among the answers is raised
    for whoever asked that item, and what `ask` itself raises for all of them.
    """

    def __init__(
        self, ask: Callable[[list[Item]], Awaitable[Sequence[Answer | Exception]]], most: int
    ) -> None:
        self.ask, self.most = ask, most
        self._of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns[Item, Answer]] = (
            WeakKeyDictionary()
        )

    async def __call__(self, item: Item, patience: float = 0.0) -> Answer:
        """The answer to an item. Raises what was answered for it, or for all."""
        return await self.put(item, patience)

    def put(self, item: Item, patience: float = 0.0) -> "asyncio.Future[Answer]":
        """Have an item asked, and do not wait for it.

        In the next turn; without `patience` it comes as soon as the last one is over. An item with patience
        waits so many seconds for one that is in a hurry, and goes with it.
        """
        loop = asyncio.get_running_loop()
        turns = self._turns()
        answer: asyncio.Future[Answer] = loop.create_future()
        turns.waiting.append((item, answer))
        if not patience:
            self._hurry(turns)
        elif turns.alarm is None:
            turns.alarm = loop.call_later(patience, self._hurry, turns)
        return answer

    def waiting(self) -> list[Item]:
        """What has yet to be asked."""
        return [item for item, _answer in self._turns().waiting]

    def _turns(self) -> "_Turns[Item, Answer]":
        return self._of_loop.setdefault(asyncio.get_running_loop(), _Turns())

    def _hurry(self, turns: "_Turns[Item, Answer]") -> None:
        turns.is_urgent = True
        if turns.task is None or turns.task.done():
            # Of nobody's context: what is logged there is not this socket's alone.
            turns.task = asyncio.create_task(self._take(turns), context=Context())

    async def _take(self, turns: "_Turns[Item, Answer]") -> None:
        while turns.is_urgent:
            turn = turns.next(self.most)
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
        # Somebody is in a hurry, or was patient for long enough.
        self.is_urgent = False
        self.alarm: asyncio.TimerHandle | None = None

    def next(self, most: int) -> "list[tuple[Item, asyncio.Future[Answer]]]":
        """What goes in the next turn; whatever that leaves goes in the one after it."""
        turn, self.waiting = self.waiting[:most], self.waiting[most:]
        self.is_urgent = bool(self.waiting)
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        return turn


def _settle[Answer](waiting: "asyncio.Future[Answer]", answer: Answer | Exception) -> None:
    # A socket that ended meanwhile waits no longer.
    if waiting.done():
        return
    if isinstance(answer, Exception):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)
