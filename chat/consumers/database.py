"""What sockets ask the database, each kind gathered, in its thread."""

from collections.abc import Sequence
from typing import Any

from channels.db import database_sync_to_async
from django.utils import timezone

from chat import access, commands, events, readers, services
from chat.consumers.gathering import Gathering
from core.limits import check_limit_of_many

type Frame = dict[str, Any]
type Asked = tuple[commands.Asker, Frame]

# As many as one commit takes: what more there is waits for the next one, and so does the clock for its turn.
MOST_COMMANDS = 50
# The same for what heartbeats ask: of a thousand at once, whoever says a line waits for a few.
MOST_LOOKS = 4
# One statement, however many ask.
MOST_ALIKE = 500


@database_sync_to_async
def lines_after(session: int, after: int, for_staff: bool) -> list[Frame]:
    return readers.lines_after(session, after, for_staff=for_staff)


@database_sync_to_async
def run_commands(asked: Sequence[Asked]) -> tuple[list[commands.Answer], list[events.News]]:
    """The answer to each command, and the news of them all."""
    with events.held() as news:
        return commands.run_commands(asked, timezone.now()), news


async def _run(asked: Sequence[Asked]) -> list[commands.Answer]:
    answers, news = await run_commands(asked)
    # From here, and not from the database's thread, which would wait for this loop all the while.
    await events.tell(news)
    return answers


@database_sync_to_async
def _chats(keys: Sequence[str | None]) -> list[access.Shown | None]:
    return access.chats_of(keys, timezone.now())


@database_sync_to_async
def _sockets_allowed(addresses: Sequence[str]) -> list[bool]:
    return [broken is None for broken in check_limit_of_many("sockets_per_address", addresses)]


@database_sync_to_async
def _looks(asked: Sequence[readers.Question]) -> list[readers.Answer]:
    return readers.answers(asked)


@database_sync_to_async
def _queue(asked: Sequence[None]) -> list[Frame]:
    # One reading for all who ask, each of whom may want to know of what happened meanwhile.
    return [events.queue_changed().frame()] * len(asked)


@database_sync_to_async
def _signs_of_life(agents: Sequence[int]) -> list[None]:
    services.give_signs_of_life(agents=agents, now=timezone.now())
    return [None] * len(agents)


run: Gathering[Asked, Frame | None] = Gathering(_run, MOST_COMMANDS)
# Of a browser, by its visitor key.
chat_of: Gathering[str | None, access.Shown | None] = Gathering(_chats, MOST_COMMANDS)
# Counts one more socket of an address; False over the limit.
may_open: Gathering[str, bool] = Gathering(_sockets_allowed, MOST_ALIKE)
look: Gathering[readers.Question, readers.Answer] = Gathering(_looks, MOST_LOOKS)
queue: Gathering[None, Frame] = Gathering(_queue, MOST_ALIKE)
sign_of_life: Gathering[int, None] = Gathering(_signs_of_life, MOST_ALIKE)
