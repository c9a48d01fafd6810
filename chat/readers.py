"""What sockets and polling read from the database, as frames ready to send."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.sessions.backends.base import SessionBase

from chat import access, events
from chat.models import Agent, ChatSession, Message
from chat.services.marks import marks_of
from core.prepared import Prepared

type Frame = dict[str, Any]

# A browser that was away for long gets its lines in portions, so that no frame burst is unbounded.
PORTION = 200

# What `state_frames` and `access.kept_from` ask of a chat.
_SHOWN = Prepared(
    lambda pks: (
        ChatSession.objects.filter(pk__in=pks)
        .only(
            "folio",
            "state",
            "agent",
            "identified_at",
            "offered_at",
            "offered_hours",
            "customer_turn_since",
            "warned_at",
            "last_number",
            "last_staff_number",
            "customer_delivered",
            "customer_read",
            "agent_delivered",
            "agent_read",
        )
        .order_by()
    )
)


def lines_after(session_id: int, after: int, *, for_staff: bool) -> list[Frame]:
    """The next lines of a chat that its reader does not have yet, in order, at most PORTION."""
    lines = Message.objects.filter(session_id=session_id).select_related("session")
    lines = lines.for_staff(after) if for_staff else lines.for_customer(after)
    return [events.message_created(line, for_staff=for_staff).frame() for line in lines[:PORTION]]


class Standing(NamedTuple):
    """Where a chat stands: its newest number for whoever asked, and its state and marks as frames."""

    newest: int
    facts: list[Frame]


@dataclass(frozen=True, slots=True)
class Question:
    """What a socket wants to know: where chats stand, by their numbers.

    With the session that a console came with, also whose it is now, and which of these chats that agent may
    not read; and when it wants its lists, what they should hold.
    """

    chats: tuple[int, ...]
    login: SessionBase | None = None
    wants_lists: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """As of now. A chat that is not there has no standing, and without login there is no agent.

    `lists` is the frame that tells of them, or nothing.
    """

    standings: dict[int, Standing]
    agent: Agent | None
    unreadable: frozenset[int]
    lists: list[Frame]


def answers(questions: Sequence[Question]) -> list[Answer]:
    """The answer to each of several questions, in as many queries as to one."""
    shown = _SHOWN.rows({pk for question in questions for pk in question.chats})
    found = {chat.pk: chat for chat in shown}
    agents = _agents(questions)
    lists = _lists({agent for question, agent in zip(questions, agents, strict=True) if question.wants_lists})
    return [
        _answer(question, agent, [found[pk] for pk in question.chats if pk in found], lists)
        for question, agent in zip(questions, agents, strict=True)
    ]


def _agents(questions: Sequence[Question]) -> list[Agent | None]:
    asked = [question.login for question in questions if question.login is not None]
    found = iter(access.agents_of_sessions(asked) if asked else ())
    return [None if question.login is None else next(found) for question in questions]


def _lists(agents: set[Agent | None]) -> dict[Agent, Frame]:
    known = [agent for agent in agents if agent is not None]
    if not known:
        return {}
    return {agent: event.frame() for agent, event in zip(known, events.lists_changed_of(known), strict=True)}


def _answer(
    question: Question, agent: Agent | None, chats: list[ChatSession], lists: dict[Agent, Frame]
) -> Answer:
    kept = access.kept_from(agent, chats) if agent is not None else []
    for_staff = question.login is not None
    return Answer(
        standings={chat.pk: _standing(chat, for_staff=for_staff) for chat in chats},
        agent=agent,
        unreadable=frozenset(chat.pk for chat in kept),
        lists=[lists[agent]] if agent is not None and question.wants_lists else [],
    )


def _standing(session: ChatSession, *, for_staff: bool) -> Standing:
    newest = session.last_staff_number if for_staff else session.last_number
    return Standing(newest, state_frames(session))


def state_frames(session: ChatSession) -> list[Frame]:
    """A chat's state and both sides' marks."""
    return [
        events.session_changed(session).frame(),
        marks_of(session, "customer").frame(),
        marks_of(session, "agent").frame(),
    ]


def heartbeat_frame(now: datetime, newest: dict[int, int], received: int | None = None) -> Frame:
    """`newest` maps a chat to its newest number; `sent` tells how many frames the socket was sent."""
    return {
        "type": "heartbeat",
        "now": events.instant(now),
        "newest": {str(session): number for session, number in newest.items()},
        "sent": received,
    }
