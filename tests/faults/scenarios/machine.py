"""A machine in trouble: a locked file, a full disk, no descriptors, and a clock that jumps."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from socket import create_connection

from tests.faults import layouts
from tests.faults.arena import Arena
from tests.faults.layouts import Layout
from tests.faults.nemesis import few_descriptors, full_disk, last, locked_database, small_disk
from tests.faults.scenarios.table import fault
from tests.faults.scenarios.uploads import Uploader
from tests.servers import MovedClock, Product


async def _locked(arena: Arena, seconds: float) -> None:
    await arena.gather()
    await arena.begin()

    def lock() -> None:
        with locked_database(arena.layout.folder):
            last(seconds)

    await arena.acknowledged(10)
    await arena.struck(lock)
    await arena.recovered()


@fault()
async def sqlite_locked_3_s(arena: Arena) -> None:
    """Another program keeps SQLite's only lock for three seconds: writers wait."""
    await _locked(arena, 3)


@fault()
async def sqlite_locked_30_s(arena: Arena) -> None:
    """The same for thirty seconds, longer than writers wait."""
    await _locked(arena, 30)


@contextmanager
def _on_a_small_disk(folder: Path, random: Random) -> Iterator[Layout]:
    with small_disk(folder, 48), layouts.embedded(folder, random) as layout:
        yield layout


@fault(_on_a_small_disk, needs_root=True)
async def disk_full(arena: Arena) -> None:
    """Not a byte is left for the database, uploads and logs; then there is room again."""
    await arena.gather()
    await arena.begin()
    sender = Uploader(arena, size=200_000)

    def fill() -> None:
        with full_disk(arena.layout.folder):
            last(3 if arena.is_quick else 6)

    for _ in range(1 if arena.is_quick else 3):
        await arena.acknowledged(10)
        upload = asyncio.create_task(sender.send_until_accepted())
        await arena.struck(fill)
        await arena.recovered()
        await upload
    sender.judge()


@fault()
async def descriptors_exhausted(arena: Arena) -> None:
    """The process may open two more files, and fifty strangers connect."""
    await arena.gather()
    await arena.begin()
    for _ in range(1 if arena.is_quick else 3):
        await arena.acknowledged(10)
        await arena.struck(lambda: _exhaust(arena.layout.web))
        arena.layout.wire.tear(0.5)
        await arena.recovered()


def _exhaust(web: Product) -> None:
    with few_descriptors(web, spare=2), ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(closing(create_connection(("127.0.0.1", web.port))))
        last(5)


# Nothing of the chat becomes due in a day: what is asked here is whether lines keep their order and owners.
PATIENT = {
    "CHAT_INACTIVITY_WARNING_SECONDS": "9000000",
    "CHAT_INACTIVITY_END_SECONDS": "9900000",
    "CHAT_OFFER_MESSAGE_SECONDS": "9000000",
    "CHAT_AGENT_VANISHED_SECONDS": "9000000",
}


def _clock(folder: Path, ahead: timedelta = timedelta(), speed: float = 1) -> MovedClock:
    """The clock of a run, set to so much ahead of the true time; negative for behind."""
    clock = MovedClock(folder, datetime.now(UTC) + ahead)
    clock.run(speed)
    return clock


@contextmanager
def _with_a_clock(folder: Path, random: Random) -> Iterator[Layout]:
    folder.mkdir(parents=True, exist_ok=True)
    with layouts.embedded(folder, random, env=PATIENT | _clock(folder).env) as layout:
        yield layout


async def _step(arena: Arena, ahead: timedelta, speed: float = 1) -> None:
    await arena.gather()
    await arena.begin()
    folder = arena.layout.folder
    for _ in range(1 if arena.is_quick else 3):
        await arena.acknowledged(40)
        await arena.struck(lambda: _clock(folder, ahead, speed))
        await arena.acknowledged(60)
        # Who comes back reads what was said before and after the step.
        arena.layout.wire.tear(0.5)
        await arena.recovered()
        _clock(folder)


@fault(_with_a_clock, needs=("faketime",))
async def clock_25_hours_ahead(arena: Arena) -> None:
    """The machine's clock is set 25 hours ahead, and back again."""
    await _step(arena, timedelta(hours=25))


@fault(_with_a_clock, needs=("faketime",))
async def clock_1_hour_back(arena: Arena) -> None:
    """The machine's clock is set back by an hour, and forward again."""
    await _step(arena, timedelta(hours=-1))


@fault(_with_a_clock, needs=("faketime",))
async def clock_drifts(arena: Arena) -> None:
    """The machine's clock runs at three times its speed."""
    await _step(arena, timedelta(seconds=1), speed=3)
