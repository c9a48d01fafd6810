"""How far each side has received and read the other's lines, and who is typing."""

from chat import events
from chat.models import Agent, ChatSession
from chat.services.messages import Author
from chat.services.rules import NotYourChat
from core import soft_cache

# Browsers say it again while it goes on, and forget it after as long.
TYPING_SECONDS = 6


def raise_marks(session: ChatSession, side: str, delivered: int, read: int) -> bool:
    """Raise one side's marks on the locked row, in customer numbers, and return whether they moved.

    They never go back, never pass the newest line, and what is read is also delivered.
    """
    before = getattr(session, f"{side}_delivered"), getattr(session, f"{side}_read")
    claimed = min(max(delivered, read), session.last_number), min(read, session.last_number)
    after = max(before[0], claimed[0]), max(before[1], claimed[1])
    setattr(session, f"{side}_delivered", after[0])
    setattr(session, f"{side}_read", after[1])
    return before != after


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
    events.announce_now(event, *other_side(session, author.side))


def is_typing(session: ChatSession, side: str) -> bool:
    """Whether one side of a chat types, as far as it said so lately."""
    return bool(soft_cache.recall(_typing_key(session.pk, side)))


def _typing_key(session: int, side: str) -> str:
    return f"chat.typing.{session}.{side}"


def _attends(agent: Agent, session: ChatSession) -> bool:
    return ChatSession.objects.filter(pk=session.pk, agent=agent, state=ChatSession.State.ACTIVE).exists()


def other_side(session: ChatSession, side: str) -> tuple[str]:
    """The groups that are told what one side of a chat does."""
    group = events.staff_group if side == "customer" else events.customer_group
    return (group(session.pk),)
