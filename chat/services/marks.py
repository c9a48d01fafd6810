"""How far each side has received and read the other's lines, and who is typing."""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least

from chat import events
from chat.models import Agent, ChatSession
from chat.services.messages import Author
from chat.services.rules import NotYourChat
from core import soft_cache

# Browsers say it again while it goes on, and forget it after as long.
TYPING_SECONDS = 6


@transaction.atomic
def move_marks(*, session: ChatSession, side: str, delivered: int, read: int) -> ChatSession:
    """Raise one side's marks, in customer numbers.

    They never go back, never pass the newest line, and what is read is also delivered. A repeated or
    older claim changes nothing and tells nobody.
    """
    delivered = max(delivered, read)
    fields = ChatSession.objects.filter(pk=session.pk)
    behind = fields.filter(**{f"{side}_delivered__lt": Least(F("last_number"), delivered)}) | fields.filter(
        **{f"{side}_read__lt": Least(F("last_number"), read)}
    )
    moved = behind.update(
        **{
            f"{side}_delivered": Greatest(f"{side}_delivered", Least(F("last_number"), delivered)),
            f"{side}_read": Greatest(f"{side}_read", Least(F("last_number"), read)),
        }
    )
    session.refresh_from_db()
    if moved:
        events.announce(marks_of(session, side), *_other_side(session, side))
    return session


def marks_of(session: ChatSession, side: str) -> events.MarksMoved:
    return events.MarksMoved(
        session=session.pk,
        side=side,
        delivered=getattr(session, f"{side}_delivered"),
        read=getattr(session, f"{side}_read"),
    )


def show_typing(*, session: ChatSession, author: Author, is_typing: bool) -> None:
    """Tell the other side; nothing is stored. Raises NotYourChat for a stranger."""
    if author.agent is not None and not _attends(author.agent, session):
        raise NotYourChat
    # For browsers that poll.
    soft_cache.keep(_typing_key(session.pk, author.side), is_typing, TYPING_SECONDS)
    event = events.TypingChanged(session=session.pk, side=author.side, is_typing=is_typing)
    events.announce_now(event, *_other_side(session, author.side))


def is_typing(session: ChatSession, side: str) -> bool:
    """Whether one side of a chat types, as far as it said so lately."""
    return bool(soft_cache.recall(_typing_key(session.pk, side)))


def _typing_key(session: int, side: str) -> str:
    return f"chat.typing.{session}.{side}"


def _attends(agent: Agent, session: ChatSession) -> bool:
    return ChatSession.objects.filter(pk=session.pk, agent=agent, state=ChatSession.State.ACTIVE).exists()


def _other_side(session: ChatSession, side: str) -> tuple[str]:
    group = events.staff_group if side == "customer" else events.customer_group
    return (group(session.pk),)
