"""What sockets and polling read from the database, as frames ready to send."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chat import events
from chat.models import ChatSession, Message
from chat.services.marks import marks_of

type Frame = dict[str, Any]
type Standing = tuple[int, list[Frame]]

# A browser that was away for long gets its lines in portions, so that no frame burst is unbounded.
PORTION = 200


def lines_after(session_id: int, after: int, *, for_staff: bool) -> list[Frame]:
    """The next lines of a chat that its reader does not have yet, in order, at most PORTION."""
    lines = Message.objects.filter(session_id=session_id).select_related("session")
    lines = lines.for_staff(after) if for_staff else lines.for_customer(after)
    return [events.message_created(line, for_staff=for_staff).frame() for line in lines[:PORTION]]


def standings(asked: Sequence[tuple[int, bool]]) -> list[Standing | ChatSession.DoesNotExist]:
    """Where chats stand, each asked for by its number and whether for staff, in one query.

    For each its newest number for that reader, and its state and marks as frames.
    """
    found = ChatSession.objects.in_bulk({session for session, _for_staff in asked})
    return [_standing(found.get(session), for_staff) for session, for_staff in asked]


def _standing(session: ChatSession | None, for_staff: bool) -> Standing | ChatSession.DoesNotExist:
    if session is None:
        return ChatSession.DoesNotExist()
    return (session.last_staff_number if for_staff else session.last_number), state_frames(session)


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
