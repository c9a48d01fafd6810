"""What arrives together: lines and marks of any chats, stored in one commit, each of them for itself.

A commit, and a way to the database, cost more than a line. What sockets ask for while the database works
gathers (`chat/consumers/gathering.py`) and then goes in one: a lock on all its chats, one insert, one update.
Whether a line is stored already, the database says when it refuses its id: only then it is looked for.
"""

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import IntegrityError, connection, transaction
from django.db.models import Field

from chat import events
from chat.models import ChatSession, Message
from chat.services.marks import marks_of, other_side, raise_marks
from chat.services.messages import (
    Author,
    Draft,
    coach,
    new_line,
    pass_the_turn,
    refuse_conflict,
    refuse_unless_may_write,
)
from chat.services.rules import IdentificationPending, NotYourChat
from core import measures
from core.errors import RuleBroken
from core.prepared import Prepared

# What lines and marks change of a chat, and what else they ask of it.
_MOVED = (
    "last_number",
    "last_staff_number",
    "customer_turn_since",
    "warned_at",
    "coached_at",
    "customer_delivered",
    "customer_read",
    "agent_delivered",
    "agent_read",
)
_ASKED = ("state", "agent", "name", "identified_at")
_FIELDS = [cast("Field[Any, Any]", ChatSession._meta.get_field(name)) for name in _MOVED]
# In one order: two who lock several wait in no ring.
_LOCKED = Prepared(
    lambda pks: (
        ChatSession.objects.filter(pk__in=pks).only(*_ASKED, *_MOVED).order_by("pk").select_for_update()
    )
)


@dataclass(frozen=True, kw_only=True)
class Post:
    """One line that somebody wants to say in the chat with this number."""

    session: int
    author: Author
    draft: Draft


@dataclass(frozen=True, kw_only=True)
class Claim:
    """How far a side of a chat says that it has received and read the other's lines, in customer numbers."""

    session: int
    author: Author
    delivered: int
    read: int


# A line, or the chat whose marks were told; or why not.
type Outcome = Message | ChatSession | RuleBroken


def store_together(work: Sequence[Post | Claim], now: datetime) -> list[Outcome]:
    """Store lines and marks in one transaction, tell everyone concerned, and return what became of each.

    A rule that one of them breaks is its own outcome and no obstacle to the others: DraftConflict for a
    `client_id` that is known with another text, ChatEnded, NotYourChat for a chat that is not there or not
    that agent's, and IdentificationPending while the customer has yet to identify. A line that is stored
    already is returned as it is, also after the chat has ended. Anything else that is raised undoes all.
    """
    started = time.perf_counter()
    try:
        outcomes = _store(work, now)
    except IntegrityError:
        # A line that is stored already: seldom, and so nobody looks before it shows.
        outcomes = _store(work, now, looks_first=True)
    elapsed = time.perf_counter() - started
    for item in work:
        if isinstance(item, Post):
            measures.STORE_SECONDS.observe(elapsed)
    return outcomes


@transaction.atomic
def _store(work: Sequence[Post | Claim], now: datetime, *, looks_first: bool = False) -> list[Outcome]:
    turn = _Turn(work, now)
    if looks_first:
        turn.look()
    outcomes = [turn.outcome(item) for item in work]
    turn.save()
    return outcomes


def post_message(*, session: ChatSession, author: Author, draft: Draft, now: datetime) -> Message:
    """Store one line of a chat and tell everyone who may read it.

    Raises what is an outcome of `store_together`.
    """
    return _only(Message, Post(session=session.pk, author=author, draft=draft), now)


def move_marks(
    *, session: ChatSession, author: Author, delivered: int, read: int, now: datetime
) -> ChatSession:
    """Raise one side's marks, in customer numbers, and return the row as it is then.

    They never go back, never pass the newest line, and what is read is also delivered. A repeated or
    older claim changes nothing and tells nobody. Raises NotYourChat for an agent whose chat it is not.
    """
    claim = Claim(session=session.pk, author=author, delivered=delivered, read=read)
    return _only(ChatSession, claim, now)


def _only[T: Message | ChatSession](kind: type[T], item: Post | Claim, now: datetime) -> T:
    [outcome] = store_together([item], now)
    if not isinstance(outcome, kind):
        raise outcome  # type: ignore[misc]  # a RuleBroken: an outcome is what was asked for, or that
    return outcome


class _Turn:
    """One transaction: its chats, locked; lines known to be stored already; and what is to be stored."""

    def __init__(self, work: Sequence[Post | Claim], now: datetime) -> None:
        self.now = now
        self.sessions = {row.pk: row for row in _LOCKED.rows({item.session for item in work})}
        self.posts = [item for item in work if isinstance(item, Post)]
        self.stored: dict[tuple[int, uuid.UUID], Message] = {}
        self.lines: list[Message] = []
        self.moved: dict[int, ChatSession] = {}
        self.news: list[events.News] = []

    def look(self) -> None:
        """Find out which lines are stored already."""
        self.stored = _stored(self.posts)

    def outcome(self, item: Post | Claim) -> Outcome:
        try:
            session = self._session(item)
            return self._post(session, item) if isinstance(item, Post) else self._claim(session, item)
        except RuleBroken as broken:
            return broken

    def save(self) -> None:
        """Write everything, and tell it once it is committed."""
        Message.objects.bulk_create(self.lines)
        _write(self.moved.values())
        events.announce_all(self.news)

    def _session(self, item: Post | Claim) -> ChatSession:
        if (session := self.sessions.get(item.session)) is None:
            raise NotYourChat
        return session

    def _post(self, session: ChatSession, item: Post) -> Message:
        author, draft = item.author, item.draft
        if (first := self.stored.get((session.pk, draft.client_id))) is None:
            try:
                self._refuse(session, author)
            except RuleBroken:
                # What was stored is acknowledged again, whatever happened since.
                first = _stored([item]).get((session.pk, draft.client_id))
                if first is None:
                    raise
        if first is not None:
            refuse_conflict(first, author, draft.text)
            return first
        line = new_line(session, author=author, text=draft.text, client_id=draft.client_id, now=self.now)
        self._add(session, line)
        pass_the_turn(session, author, self.now)
        if author.agent is None and (request := coach(session, draft.text, self.now)) is not None:
            self._add(session, request)
        return line

    def _refuse(self, session: ChatSession, author: Author) -> None:
        refuse_unless_may_write(session, author, self.now)
        if author.agent is None and session.is_identification_due:
            raise IdentificationPending

    def _add(self, session: ChatSession, line: Message) -> None:
        # Two sockets may bring one and the same line at once.
        self.stored[session.pk, line.client_id] = line
        self.lines.append(line)
        self.moved[session.pk] = session
        self.news += events.news_of_message(line)

    def _claim(self, session: ChatSession, item: Claim) -> ChatSession:
        side = item.author.side
        if item.author.agent is not None and session.agent_id != item.author.agent.pk:
            raise NotYourChat
        if raise_marks(session, side, item.delivered, item.read):
            self.moved[session.pk] = session
            self.news.append((marks_of(session, side), other_side(session, side)))
        return session


def _stored(posts: Sequence[Post]) -> dict[tuple[int, uuid.UUID], Message]:
    """The lines that are known under the ids of these, by chat and id."""
    if not posts:
        return {}
    chats, ids = {post.session for post in posts}, {post.draft.client_id for post in posts}
    found = Message.objects.filter(session__in=chats, client_id__in=ids)
    return {(line.session_id, line.client_id): line for line in found}


def _write(sessions: Iterable[ChatSession]) -> None:
    """Write what lines and marks moved in these chats.

    `bulk_update` builds a CASE for every field of every row, which costs more than all the rest together.
    """
    rows = [[*_values(session), session.pk] for session in sessions]
    if not rows:
        return
    columns = ", ".join(f"{name} = %s" for name in _MOVED)
    # Names of our own columns; what people said are parameters.
    update = f"UPDATE {ChatSession._meta.db_table} SET {columns} WHERE id = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(update, rows)


def _values(session: ChatSession) -> Iterator[Any]:
    return (field.get_db_prep_save(getattr(session, field.name), connection) for field in _FIELDS)
