"""Showing lines of a chat: safe links, marks, sizes and days."""

import re
from datetime import UTC, datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from chat.events import instant
from chat.models import ChatSession, Message
from scheduling import wording

State = ChatSession.State

register = template.Library()

# Only what a browser opens as a page; never "javascript:" or "data:". `timeline.js` holds the same rule.
_LINK = re.compile(r"(https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]}])")


@register.filter
def safe_links(text: str) -> str:
    """The text with its web addresses as links; everything is escaped, here or by the template."""
    if "://" not in text:
        return text
    return format_html_join("", "{}", ((_link_or_text(part),) for part in _LINK.split(text)))


def _link_or_text(part: str) -> SafeString:
    if _LINK.fullmatch(part):
        return format_html('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>', part)
    return format_html("{}", part)


@register.simple_tag
def mark_of(line: Message, session: ChatSession, for_staff: bool) -> str:
    """How far the other side has one's own line: enviado, entregado or leído; empty for others' lines."""
    own, other = ("agent", "customer") if for_staff else ("customer", "agent")
    if line.number is None or line.author != own:
        return ""
    if line.number <= getattr(session, f"{other}_read"):
        return _("leído")
    if line.number <= getattr(session, f"{other}_delivered"):
        return _("entregado")
    return _("enviado")


@register.filter
def short_size(size: int) -> str:
    """A file's size in the unit that gives a short number."""
    if size < 1024 * 1024:
        return f"{max(1, round(size / 1024))} KB"
    return f"{size / 1024 / 1024:.1f} MB"


@register.filter
def clock(moment: datetime) -> str:
    """ "09:05". Django's own filter takes five times as long, which a long history feels."""
    return f"{timezone.localtime(moment):%H:%M}"


@register.filter
def day(moment: datetime) -> str:
    """ "2026-11-30", the same as scripts name it."""
    return timezone.localdate(moment).isoformat()


@register.filter
def day_in_words(moment: datetime) -> str:
    """ "hoy", or "lunes 30 de noviembre"."""
    date = timezone.localdate(moment)
    return _("hoy") if date == timezone.localdate() else wording.day_in_words(date)


@register.filter
def full_day(moment: datetime) -> str:
    """ "lunes 30 de noviembre de 2026"."""
    return wording.day_in_words(timezone.localdate(moment), with_year=True)


@register.filter
def place_in_list(session: ChatSession) -> str:
    """What puts a chat's item where the console's list has it, as `waiting`, `open_chats_of` and
    `unseen_ends_of` order them: such texts sort as they do."""
    moments = {State.WAITING: session.queued_at, State.ACTIVE: session.accepted_at}
    moment = moments.get(State(session.state), session.ended_at) or session.created_at
    # Those given back come first.
    turn = 0 if session.is_returned else 1
    return f"{turn} {moment.astimezone(UTC).isoformat(timespec='microseconds')} {session.pk:020}"


@register.filter
def iso(moment: datetime | None) -> str:
    """ISO 8601 in UTC, for scripts; empty for what is not there, which templates give as ""."""
    return instant(moment or None) or ""
