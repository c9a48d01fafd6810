"""What sockets ask the database, each in its thread."""

from collections.abc import Sequence
from typing import Any

from channels.db import database_sync_to_async
from django.utils import timezone

from chat import commands, events, readers

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
def queue() -> Frame:
    return events.queue_changed().frame()
