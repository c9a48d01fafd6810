"""Lines of a chat: what may be said by whom, files and notes. Plain lines are stored by `together`."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from chat import events
from chat.coach import exact_message_request, is_vague
from chat.files import CheckedFile
from chat.models import Agent, Attachment, ChatSession, Message
from chat.services.rules import ChatEnded, DraftConflict, NotYourChat
from core import measures


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What somebody wants to say. `client_id` is made by the sender and makes sending again harmless."""

    text: str
    client_id: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True)
class Author:
    """The customer when `agent` is None, else that agent."""

    agent: Agent | None = None

    @property
    def side(self) -> str:
        return Message.Author.AGENT if self.agent else Message.Author.CUSTOMER


@measures.STORE_SECONDS.time()
def post_file(
    *, session: ChatSession, author: Author, checked: CheckedFile, client_id: uuid.UUID, now: datetime
) -> Message:
    """Store a file that passed `chat.files.check_file` as one line of the chat.

    Raises as `post_message` does; the same `client_id` with other bytes is a DraftConflict.
    """
    attachment = Attachment(
        name=checked.name,
        content_type=checked.content_type,
        size=checked.size,
        sha256=checked.sha256,
        scan=checked.finding.scan,
        virus=checked.finding.virus,
    )
    # Before the transaction: ten megabytes on a slow disk must not keep the chat's row locked.
    attachment.content.save(checked.name, File(checked.content), save=False)
    try:
        message = _post_file(session, author, attachment, client_id, now)
    except Exception:
        attachment.content.delete(save=False)
        raise
    if message.attachment != attachment:
        attachment.content.delete(save=False)
    return message


@transaction.atomic
def _post_file(
    session: ChatSession, author: Author, attachment: Attachment, client_id: uuid.UUID, now: datetime
) -> Message:
    session = ChatSession.objects.lock(session.pk)
    if (first := _first_of(session, client_id)) is not None:
        _refuse_file_conflict(first, author, attachment)
        return first
    refuse_unless_may_write(session, author, now)
    message = store_line(
        session, author=author, text=attachment.name, client_id=client_id, now=now, attachment=attachment
    )
    pass_the_turn(session, author, now)
    if attachment.scan in {Attachment.Scan.WAITING, Attachment.Scan.INFECTED}:
        tell_scan(session, attachment, now)
    session.save()
    return message


@transaction.atomic
def post_note(*, session: ChatSession, agent: Agent, draft: Draft, now: datetime) -> Message:
    """Store a line that staff alone read, also after the end; it takes no number a customer could miss.

    Raises NotYourChat and DraftConflict.
    """
    session = ChatSession.objects.lock(session.pk)
    author = Author(agent)
    if (first := _first_of(session, draft.client_id)) is not None:
        refuse_conflict(first, author, draft.text, is_note=True)
        return first
    if session.agent_id != agent.pk:
        raise NotYourChat
    message = store_line(
        session, author=author, text=draft.text, client_id=draft.client_id, now=now, is_note=True
    )
    session.save()
    return message


def say(session: ChatSession, text: str, *, rule: str, now: datetime) -> Message:
    """Let the system say something in a locked chat; the caller saves the session."""
    return store_line(session, author=None, text=text, client_id=uuid.uuid4(), now=now, rule=rule)


def tell_scan(session: ChatSession, attachment: Attachment, now: datetime) -> None:
    """Say in a locked chat how it stands with a file; the caller saves the session."""
    lines = {
        Attachment.Scan.WAITING: _(
            "El archivo «%(name)s» se está revisando contra virus. Podrá descargarse al terminar."
        ),
        Attachment.Scan.CLEAN: _("El archivo «%(name)s» ya se revisó y puede descargarse."),
        Attachment.Scan.INFECTED: _(
            "El archivo «%(name)s» contiene un virus (%(virus)s): se apartó y nadie puede descargarlo. "
            "Revise con un antivirus el equipo del que salió."
        ),
    }
    line = lines[Attachment.Scan(attachment.scan)] % {"name": attachment.name, "virus": attachment.virus}
    say(session, line, rule=f"file.{attachment.scan}", now=now)


def welcome(session: ChatSession, agent: Agent, now: datetime) -> Message:
    """The agent's greeting, in a locked chat; the caller saves the session."""
    text = agent.greeting_for(session.name)
    message = store_line(
        session, author=Author(agent), text=text, client_id=uuid.uuid4(), now=now, rule="agent.welcome"
    )
    pass_the_turn(session, Author(agent), now)
    return message


def store_line(
    session: ChatSession, *, author: Author | None, attachment: Attachment | None = None, **said: Any
) -> Message:
    """Number a line on the locked row, store and announce it; the caller saves the session.

    Takes what `new_line` takes.
    """
    message = new_line(session, author=author, is_file=attachment is not None, **said)
    message.save()
    if attachment is not None:
        attachment.message = message
        attachment.save()
    events.announce_all(events.news_of_message(message))
    return message


def new_line(
    session: ChatSession,
    *,
    author: Author | None,
    text: str,
    client_id: uuid.UUID,
    now: datetime,
    rule: str = "",
    is_note: bool = False,
    is_file: bool = False,
) -> Message:
    """Number a line on the locked row; the caller saves both. Without an author the system speaks."""
    session.last_staff_number += 1
    if not is_note:
        session.last_number += 1
    return Message(
        session=session,
        number=None if is_note else session.last_number,
        staff_number=session.last_staff_number,
        client_id=client_id,
        author=author.side if author else Message.Author.SYSTEM,
        agent=author.agent if author else None,
        text=text,
        rule=rule,
        is_file=is_file,
        created_at=now,
    )


def _first_of(session: ChatSession, client_id: uuid.UUID) -> Message | None:
    return session.messages.filter(client_id=client_id).first()


def refuse_conflict(first: Message, author: Author, text: str, *, is_note: bool = False) -> None:
    """A note acknowledged as a message would leave the agent believing that the customer has read it."""
    if (first.text, first.is_note) != (text, is_note) or first.is_file or not _is_by(first, author):
        raise DraftConflict


def _refuse_file_conflict(first: Message, author: Author, attachment: Attachment) -> None:
    is_same_file = first.is_file and first.attachment.sha256 == attachment.sha256
    if not is_same_file or not _is_by(first, author):
        raise DraftConflict


def _is_by(line: Message, author: Author) -> bool:
    return (line.author, line.agent_id) == (author.side, author.agent.pk if author.agent else None)


def refuse_unless_may_write(session: ChatSession, author: Author, now: datetime) -> None:
    if session.is_ended or session.is_overdue(now):
        raise ChatEnded
    if author.agent is not None and session.agent_id != author.agent.pk:
        raise NotYourChat


def pass_the_turn(session: ChatSession, author: Author, now: datetime) -> None:
    """Silence counts from the agent's last line on; whatever the customer sends stops the count."""
    session.customer_turn_since = now if author.agent else None
    session.warned_at = None


def coach(session: ChatSession, text: str, now: datetime) -> Message | None:
    """The request for the exact message, numbered on the locked row, when a line is vague; once a chat.

    Manual, "Descripción del mensaje": with phrases like "Ayuda" we cannot help.
    """
    if session.coached_at is not None or not is_vague(text):
        return None
    session.coached_at = now
    request, client_id = exact_message_request(), uuid.uuid4()
    return new_line(session, author=None, text=request, client_id=client_id, now=now, rule="message.vague")
