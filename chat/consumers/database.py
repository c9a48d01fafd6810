"""What sockets ask the database, each in its thread."""

from typing import Any

from channels.db import database_sync_to_async
from django.utils import timezone

from chat import commands, events, readers

type Frame = dict[str, Any]


@database_sync_to_async
def run(asker: commands.Asker, payload: Frame) -> Frame | None:
    return commands.run_command(asker, payload, timezone.now())


@database_sync_to_async
def lines_after(session: int, after: int, for_staff: bool) -> list[Frame]:
    return readers.lines_after(session, after, for_staff=for_staff)


@database_sync_to_async
def standing(session: int, for_staff: bool) -> tuple[int, list[Frame]]:
    return readers.standing(session, for_staff=for_staff)


@database_sync_to_async
def queue() -> Frame:
    return events.queue_changed().frame()
