"""What changes offline messages: leaving one, reading it, answering it."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import RuleBroken
from core.folio import unused_folio
from core.limits import check_limit
from offline_messages.emails import queue_answer, queue_copy
from offline_messages.models import OfflineMessage, OfflineReply
from scheduling.services import current_calendar

State = OfflineMessage.State


class OfflineMessageConflict(RuleBroken):
    """The `client_id` was already used for another text."""

    code = "offline_message.conflict"
    text = _(
        "Desde esta página ya recibimos otro mensaje. "
        "Para enviar también este, pulse «Enviar mensaje» otra vez."
    )


class OfflineMessageAnswered(RuleBroken):
    """Somebody else answered first."""

    code = "offline_message.answered"
    text = _(
        "Este mensaje ya fue contestado y su respuesta no se envió. Lea la que recibió el cliente; "
        "si hace falta otra, marque el mensaje como por contestar."
    )


def check_message_limits(address: str, email: str) -> None:
    """Count one more message of a sender, and of a receiver as well: the copy goes to what anybody may type.

    Raises LimitExceeded.
    """
    for key in (address, email.lower()):
        check_limit("offline_messages_per_address", key)


@transaction.atomic
def leave_message(
    *,
    name: str,
    email: str,
    text: str,
    client_id: UUID,
    now: datetime,
    origin: OfflineMessage.Origin = OfflineMessage.Origin.FORM,
) -> OfflineMessage:
    """Store a message and queue its copy to the customer; the arguments have passed a form.

    A `client_id` that came before returns the first row, or raises OfflineMessageConflict when its text was
    another.
    """
    defaults = {
        "folio": _new_folio,
        "name": name,
        "email": email,
        "text": text,
        "origin": origin,
        "created_at": now,
        "opening_at": _promised_opening(now),
    }
    message, is_new = OfflineMessage.objects.get_or_create(client_id=client_id, defaults=defaults)
    if is_new:
        queue_copy(message)
    elif message.text != text:
        raise OfflineMessageConflict
    return message


def mark_read(message: OfflineMessage) -> None:
    """Note that an agent opened a new message; in any other state nothing changes."""
    _change_state(message, [State.NEW], State.READ)


def mark_unread(message: OfflineMessage) -> None:
    """Put a message back among the new ones, to be read and answered, or answered again."""
    _change_state(message, [State.READ, State.ANSWERED], State.NEW)


@transaction.atomic
def answer(*, message: OfflineMessage, author: AbstractUser, text: str, now: datetime) -> OfflineReply:
    """Store an answer and queue it to the customer.

    Only one agent answers: the others get OfflineMessageAnswered. The same answer of the same agent again is
    a form sent twice and returns the first row.
    """
    if not _change_state(message, [State.NEW, State.READ], State.ANSWERED):
        return _same_reply(message, author, text)
    reply = OfflineReply.objects.create(message=message, author_id=author.pk, text=text, created_at=now)
    queue_answer(reply, now)
    return reply


def _new_folio() -> str:
    return unused_folio("M", OfflineMessage.objects.all())


def _promised_opening(now: datetime) -> datetime | None:
    calendar = current_calendar()
    return None if calendar.is_open(now) else calendar.next_opening(now)


def _change_state(message: OfflineMessage, before: list[State], after: State) -> bool:
    """Whether it was this call that changed the row."""
    is_changed = OfflineMessage.objects.filter(pk=message.pk, state__in=before).update(state=after) == 1
    message.refresh_from_db(fields=["state"])
    return is_changed


def _same_reply(message: OfflineMessage, author: AbstractUser, text: str) -> OfflineReply:
    newest = message.replies.order_by("-pk").first()
    if newest is None or (newest.author_id, newest.text) != (author.pk, text):
        raise OfflineMessageAnswered
    return newest
