"""What sockets ask the database, each kind gathered, in its thread."""

from collections.abc import Sequence
from typing import Any

from channels.db import database_sync_to_async
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from chat import access, commands, events, readers, services
from chat.consumers.gathering import Gathering
from chat.models import Agent, ChatSession

type Frame = dict[str, Any]
type Asked = tuple[commands.Asker, Frame]
# The agent as of now, if it still is one, and which of the chats that it follows it may not read.
type Rights = tuple[Agent | None, list[int]]

# As many as one commit takes: what more there is waits for the next one, and so does the clock for its turn.
MOST_COMMANDS = 50
# The same for readings: of a thousand heartbeats at once, whoever says a line waits for a few.
MOST_READINGS = 8
# Each reads a session of its own.
MOST_RIGHTS = 4
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
def _standings(asked: Sequence[tuple[int, bool]]) -> Sequence[readers.Standing | Exception]:
    return readers.standings(asked)


@database_sync_to_async
def _lists(agents: Sequence[Agent]) -> list[Frame]:
    return [event.frame() for event in events.lists_changed_of(agents)]


@database_sync_to_async
def _queue(asked: Sequence[None]) -> list[Frame]:
    # One reading for all who ask, each of whom may want to know of what happened meanwhile.
    return [events.queue_changed().frame()] * len(asked)


@database_sync_to_async
def _rights(asked: Sequence[tuple[SessionBase, list[int]]]) -> list[Rights]:
    agents = access.agents_of_sessions([session for session, _followed in asked])
    chats = ChatSession.objects.in_bulk({chat for _session, followed in asked for chat in followed})
    return [
        (agent, _kept_from(agent, [chats[number] for number in followed if number in chats]))
        for agent, (_session, followed) in zip(agents, asked, strict=True)
    ]


def _kept_from(agent: Agent | None, followed: list[ChatSession]) -> list[int]:
    return [chat.pk for chat in access.kept_from(agent, followed)] if agent else []


@database_sync_to_async
def _signs_of_life(agents: Sequence[int]) -> list[None]:
    services.give_signs_of_life(agents=agents, now=timezone.now())
    return [None] * len(agents)


run: Gathering[Asked, Frame | None] = Gathering(_run, MOST_COMMANDS)
# Of a chat, by its number and for whom: see `readers.standings`.
standing: Gathering[tuple[int, bool], readers.Standing] = Gathering(_standings, MOST_READINGS)
lists: Gathering[Agent, Frame] = Gathering(_lists, MOST_READINGS)
queue: Gathering[None, Frame] = Gathering(_queue, MOST_ALIKE)
# Of whoever opened a socket, by the session it came with, and of the chats that it follows.
rights: Gathering[tuple[SessionBase, list[int]], Rights] = Gathering(_rights, MOST_RIGHTS)
sign_of_life: Gathering[int, None] = Gathering(_signs_of_life, MOST_ALIKE)
