"""Which lines of a chat a page shows: the newest, or so many before one of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Subquery

from chat.models import ChatSession, Message
from chat.models import MessageQuerySet as Lines

# Several screens: whoever opens a chat reads its end, and every line costs the server time.
LINES_SHOWN = 40
# What came unread is shown as well, as far as a page of so many lines is rendered in 50 ms.
MOST_SHOWN = 50
# Who writes what a side has to read: the system speaks to the customer, the agent's side has its own lists.
READ_BY_CUSTOMER = (Message.Author.AGENT, Message.Author.SYSTEM)
READ_BY_AGENT = (Message.Author.CUSTOMER,)


@dataclass(frozen=True)
class Portion:
    """Lines in order, as numbered for their reader. `before`: older ones are below it; 0 when none are.

    `unread` counts what the reader has not read when it began before these lines; else the lines tell.
    """

    lines: list[Message]
    before: int
    is_newest: bool = True
    unread: int | None = None


def newest(session: ChatSession, *, for_staff: bool, counts_unread: bool = True) -> Portion:
    """The end of a chat, with what its reader has not read; read the marks of `session` before they move."""
    newest, read = _standing(session, for_staff) if counts_unread else (0, 0)
    lines = _lines(session, for_staff)
    if newest - read > MOST_SHOWN:
        lines = lines.annotate(unread=_unread(session, read, for_staff))
    shown = _last(lines, min(max(newest - read, LINES_SHOWN), MOST_SHOWN))
    return Portion(
        shown, _before(shown, for_staff), unread=getattr(shown[0], "unread", None) if shown else None
    )


def before(session: ChatSession, number: int, *, for_staff: bool) -> Portion:
    """The lines that come just before the one with this number."""
    field = "staff_number" if for_staff else "number"
    shown = _last(_lines(session, for_staff).filter(**{f"{field}__lt": number}), LINES_SHOWN)
    return Portion(shown, _before(shown, for_staff), is_newest=False)


def asked_before(query: Mapping[str, str]) -> int | None:
    """The number that an address names (`?antes=120`); None for what is none."""
    asked = query.get("antes", "")
    return int(asked) if re.fullmatch("[0-9]{1,9}", asked) else None


def _standing(session: ChatSession, for_staff: bool) -> tuple[int, int]:
    """The newest number, and up to which it was read. Staff numbers run ahead of marks by the notes."""
    if for_staff:
        return session.last_staff_number, session.agent_read
    return session.last_number, session.customer_read


def _lines(session: ChatSession, for_staff: bool) -> Lines:
    # Through the chat's own lines each of them knows its chat.
    return session.messages.for_staff() if for_staff else session.messages.for_customer()


def _last(lines: Lines, count: int) -> list[Message]:
    return list(lines.reverse()[:count])[::-1]


def _before(shown: list[Message], for_staff: bool) -> int:
    """Both numbers count from 1 without holes."""
    first = (shown[0].staff_number if for_staff else shown[0].number or 1) if shown else 1
    return first if first > 1 else 0


def _unread(session: ChatSession, read: int, for_staff: bool) -> Subquery:
    """A count that depends on no line, and so is made once, in the query for the lines."""
    authors = READ_BY_AGENT if for_staff else READ_BY_CUSTOMER
    theirs = Message.objects.filter(session=session, number__gt=read, author__in=authors)
    return Subquery(theirs.order_by().values("session").annotate(count=Count("pk")).values("count"))
