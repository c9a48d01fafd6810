"""What sockets ask the database, each in its thread."""

import asyncio
from collections.abc import Sequence
from contextvars import Context
from typing import Any
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.utils import timezone

from chat import commands, events, readers
from chat.models import Agent

type Frame = dict[str, Any]


@database_sync_to_async
def run(asked: Sequence[tuple[commands.Asker, Frame]]) -> list[commands.Answer]:
    return commands.run_commands(asked, timezone.now())


@database_sync_to_async
def lines_after(session: int, after: int, for_staff: bool) -> list[Frame]:
    return readers.lines_after(session, after, for_staff=for_staff)


@database_sync_to_async
def standing(session: int, for_staff: bool) -> tuple[int, list[Frame]]:
    return readers.standing(session, for_staff=for_staff)


@database_sync_to_async
def lists(agent: Agent) -> Frame:
    return events.lists_changed(agent).frame()


@database_sync_to_async
def _queue() -> Frame:
    return events.queue_changed().frame()


# The next reading of the queue, which has not begun yet.
_next_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[Frame]] = WeakKeyDictionary()


async def queue() -> Frame:
    """The queue as it is now. Those who ask while the database works share the reading that comes next."""
    loop = asyncio.get_running_loop()
    reading = _next_of_loop.get(loop)
    if reading is None:
        # Of nobody's context, and of nobody's socket: one that ends takes it from no other.
        reading = loop.create_task(_read_next(loop), context=Context())
        _next_of_loop[loop] = reading
    return await asyncio.shield(reading)


_turn_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def _read_next(loop: asyncio.AbstractEventLoop) -> Frame:
    async with _turn_of_loop.setdefault(loop, asyncio.Lock()):
        # Whoever asks from here on may want to know of what happened meanwhile.
        del _next_of_loop[loop]
        return await _queue()
