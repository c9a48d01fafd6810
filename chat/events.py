"""What a browser is told, in which shape, and the one place that speaks to the channel layer.

News may be lost, repeated or reordered by the layer: everything here can be read again from the database,
and readers put it in order by its numbers (`chat/PROTOCOL.md`).
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from chat.models import Agent, Attachment, ChatSession, Message
from core.prepared import Prepared

logger = logging.getLogger(__name__)

# News are told before the acknowledgement goes out: a layer that hangs must not keep a sender waiting, and
# what it did not take is read from the database at the next heartbeat.
NEWS_SECONDS = 1.0
QUEUE_GROUP = "queue"
AGENTS_GROUP = "agents"
# Of the digest of a console's lists: `console.js` counts with the same two, and without fractions.
DIGEST_FACTOR = 1_000_003
DIGEST_PRIME = 2_147_483_647


def customer_group(session_id: int) -> str:
    return f"chat.{session_id}.customer"


def staff_group(session_id: int) -> str:
    return f"chat.{session_id}.staff"


def agent_group(agent_id: int) -> str:
    return f"agent.{agent_id}"


def instant(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond: what browsers parse alike."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact. Subclasses name it in `type`; unknown fields are refused by construction."""

    type: ClassVar[str]

    def frame(self) -> dict[str, Any]:
        """The JSON object that goes over the wire."""
        return {"type": self.type, **vars(self)}


@dataclass(frozen=True, kw_only=True)
class MessageCreated(Event):
    """A line of a chat. `staff_number` is None for customers, `number` is None for a note."""

    type: ClassVar[str] = "message.created"
    session: int
    number: int | None
    staff_number: int | None
    client_id: str
    author: str
    author_name: str
    text: str
    rule: str
    created_at: str | None
    attachment: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class AttachmentScanned(Event):
    """The virus scanner's verdict on a file whose line was there before it."""

    type: ClassVar[str] = "attachment.scanned"
    session: int
    attachment: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class MarksMoved(Event):
    """How far one side has received and read the other's lines."""

    type: ClassVar[str] = "marks.moved"
    session: int
    side: str
    delivered: int
    read: int


@dataclass(frozen=True, kw_only=True)
class TypingChanged(Event):
    """One side began or stopped typing. Never stored."""

    type: ClassVar[str] = "typing.changed"
    session: int
    side: str
    is_typing: bool


@dataclass(frozen=True, kw_only=True)
class SessionChanged(Event):
    """A chat moved: the page reads its regions again.

    `is_offered`: leaving a message instead was offered. `offered_hours`: the hours for an appointment that
    the agent offers. `ends_at`: when silence ends it, once it was warned.
    """

    type: ClassVar[str] = "session.changed"
    session: int
    folio: str
    state: str
    agent: int | None
    is_identified: bool
    is_offered: bool
    offered_hours: list[str]
    ends_at: str | None


@dataclass(frozen=True, kw_only=True)
class ListsChanged(Event):
    """What a console's lists should hold, in a few bytes: how many chats wait, and `digest_of_lists`."""

    type: ClassVar[str] = "lists.changed"
    waiting: int
    digest: int


@dataclass(frozen=True, kw_only=True)
class QueueChanged(Event):
    """The chats that wait, head first. Customers are told only their own place, consoles by each chat."""

    type: ClassVar[str] = "queue.changed"
    waiting: list[int]


@dataclass(frozen=True, kw_only=True)
class QueueMoved(Event):
    """A waiting customer's place, 1 being next. What a consumer makes of `QueueChanged`."""

    type: ClassVar[str] = "queue.moved"
    place: int


@dataclass(frozen=True, kw_only=True)
class OfflineMessagesChanged(Event):
    """How many offline messages wait for an answer."""

    type: ClassVar[str] = "offline-messages.changed"
    waiting: int


@dataclass(frozen=True, kw_only=True)
class AgendaChanged(Event):
    """An appointment was booked, moved or attended: consoles read their agenda again."""

    type: ClassVar[str] = "agenda.changed"
    newest: int


@dataclass(frozen=True, kw_only=True)
class AccessChanged(Event):
    """An agent's rights changed: sockets ask again whether they may stay."""

    type: ClassVar[str] = "access.changed"
    agent: int


def message_created(message: Message, *, for_staff: bool) -> MessageCreated:
    attachment: Attachment | None = message.attachment if message.is_file else None
    return MessageCreated(
        session=message.session_id,
        number=message.number,
        staff_number=message.staff_number if for_staff else None,
        client_id=str(message.client_id),
        author=message.author,
        author_name=message.author_name,
        text=message.text,
        rule=message.rule,
        created_at=instant(message.created_at),
        attachment=attachment_shape(attachment) if attachment else None,
    )


def attachment_shape(attachment: Attachment) -> dict[str, Any]:
    return {
        "id": attachment.public_id.hex,
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "scan": attachment.scan,
    }


def session_changed(session: ChatSession) -> SessionChanged:
    return SessionChanged(
        session=session.pk,
        folio=session.folio,
        state=session.state,
        agent=session.agent_id,
        is_identified=session.identified_at is not None,
        is_offered=session.offered_at is not None,
        offered_hours=session.offered_hours,
        ends_at=instant(session.inactivity_ends_at) if session.warned_at else None,
    )


_WAITING = Prepared(lambda _none: ChatSession.objects.waiting().values_list("pk"))
_ACTIVE_OF = Prepared(
    lambda agents: ChatSession.objects.active().filter(agent__in=agents).order_by().values_list("agent", "pk")
)


def queue_changed() -> QueueChanged:
    """The queue as it is now."""
    return QueueChanged(waiting=[pk for (pk,) in _WAITING.tuples()])


def lists_changed(agent: Agent) -> ListsChanged:
    """The lists of an agent's console as they are now."""
    [event] = lists_changed_of([agent])
    return event


def lists_changed_of(agents: Sequence[Agent]) -> list[ListsChanged]:
    """The same for each of several agents, in two queries."""
    waiting = queue_changed().waiting
    own: defaultdict[int | None, list[int]] = defaultdict(list)
    for agent, session in _ACTIVE_OF.tuples({agent.pk for agent in agents}):
        own[agent].append(session)
    return [
        ListsChanged(waiting=len(waiting), digest=digest_of_lists(waiting, own[agent.pk])) for agent in agents
    ]


def digest_of_lists(waiting: Iterable[int], own: Iterable[int]) -> int:
    """A number that changes with the queue, its order, and an agent's own chats in any order."""
    digest = 0
    for pk in (*waiting, 0, *sorted(own)):
        digest = (digest * DIGEST_FACTOR + pk) % DIGEST_PRIME
    return digest


# An event and the groups that are told.
type News = tuple[Event, tuple[str, ...]]


def announce(event: Event, *groups: str) -> None:
    """Send to groups once the transaction is committed."""
    announce_all([(event, groups)])


def announce_all(news: Sequence[News]) -> None:
    """Send events in order, each to its groups, once the transaction is committed.

    Robust: the layer may be down, and what is committed stays acknowledged all the same.
    """
    if news:
        transaction.on_commit(lambda: _send(news), robust=True)


def announce_now(event: Event, *groups: str) -> None:
    """Send what is never stored (typing). News that get lost are nobody's error."""
    try:
        _send([(event, groups)])
    except Exception:
        logger.warning("The channel layer did not take %s.", event.type, exc_info=True)


def news_of_message(message: Message) -> list[News]:
    """Who may read this line is told of it; a note is for staff alone."""
    pk = message.session_id
    news: list[News] = [(message_created(message, for_staff=True), (staff_group(pk),))]
    if not message.is_note:
        news.append((message_created(message, for_staff=False), (customer_group(pk),)))
    return news


def announce_scan(attachment: Attachment) -> None:
    """Tell both sides of a chat how it stands with a file now."""
    pk = attachment.message.session_id
    event = AttachmentScanned(session=pk, attachment=attachment_shape(attachment))
    announce(event, customer_group(pk), staff_group(pk))


def announce_session(session: ChatSession) -> None:
    """Tell a chat's customer, and every console once, that it moved: whoever attends it is among these."""
    announce(session_changed(session), AGENTS_GROUP, customer_group(session.pk))


def announce_queue() -> None:
    """Tell waiting customers the new order, read after the commit. Consoles know it by each chat."""
    transaction.on_commit(_send_queue, robust=True)


def _send_queue() -> None:
    _send([(queue_changed(), (QUEUE_GROUP,))])


# News that somebody collects meanwhile; None: they are sent at once.
_held: ContextVar[list[News] | None] = ContextVar("held news", default=None)


@contextmanager
def held() -> Iterator[list[News]]:
    """Collect the news that are committed meanwhile instead of sending them, for whoever will `tell` them."""
    news: list[News] = []
    token = _held.set(news)
    try:
        yield news
    finally:
        _held.reset(token)


async def tell(news: Sequence[News]) -> None:
    """Send news that were held. What the layer does not take is read from the database: nobody's error."""
    if not news:
        return
    try:
        await _group_send(news)
    except Exception:
        logger.warning("The channel layer did not take %s news.", len(news), exc_info=True)


def _send(news: Sequence[News]) -> None:
    if (collected := _held.get()) is not None:
        collected += news
    else:
        async_to_sync(_group_send)(news)


async def _group_send(news: Sequence[News]) -> None:
    layer = get_channel_layer()
    messages = [
        (group, {"type": "news", "frame": frame})
        for frame, groups in ((event.frame(), groups) for event, groups in news)
        for group in groups
    ]
    async with asyncio.timeout(NEWS_SECONDS):
        await layer.group_send_many(messages)
