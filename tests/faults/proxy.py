"""The wire of a run: one address before one or two web processes, which tears, freezes and delays."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from tests.browser.network import LIMIT, Network


class Wire(Network):
    """Forwards to the first of `targets` that answers, in turn, as a small load balancer does."""

    def __init__(self, targets: Sequence[int], port: int, random: Random) -> None:
        self.targets = list(targets)
        self.turn = 0
        self.random = random
        self.delay_most_seconds = 0.0
        # Connections that carry nothing any more, and whose ends were not told.
        self.is_deaf: set[asyncio.Task[object] | None] = set()
        super().__init__(targets[0], port)

    def tear(self, share: float) -> int:
        """Break some of the connections, chosen by chance; returns how many."""
        return self._wait(self._tear(share))

    def go_deaf(self) -> None:
        """Every connection of now stays open and carries nothing more; new ones are as good as ever."""
        self._wait(self._go_deaf())

    def delay(self, most_seconds: float) -> None:
        """Hold each piece of traffic back for a while, up to so long; 0 for no longer."""
        self.delay_most_seconds = most_seconds

    async def _tear(self, share: float) -> int:
        chosen = [writer for writer in self.writers if self.random.random() < share]
        for writer in chosen:
            writer.transport.abort()
        return len(chosen)

    async def _go_deaf(self) -> None:
        self.is_deaf = asyncio.all_tasks() - {asyncio.current_task()}

    async def _open_target(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.turn += 1
        ahead = self.turn % len(self.targets)
        for port in [*self.targets[ahead:], *self.targets[:ahead]]:
            try:
                return await asyncio.open_connection("127.0.0.1", port, limit=LIMIT)
            except ConnectionRefusedError:
                continue
        raise ConnectionRefusedError

    async def _carry(self, data: bytes) -> None:
        await super()._carry(data)
        if asyncio.current_task() in self.is_deaf:
            # For as long as the run lasts; the end of the wire cancels it.
            await asyncio.Event().wait()
        if self.delay_most_seconds:
            await asyncio.sleep(self.random.uniform(0, self.delay_most_seconds))


@contextmanager
def wire(targets: Sequence[int], port: int, random: Random) -> Iterator[Wire]:
    """A wire that is taken down at the end."""
    ours = Wire(targets, port, random)
    try:
        yield ours
    finally:
        ours.close()
