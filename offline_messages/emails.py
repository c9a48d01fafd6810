"""The mails about offline messages."""

from datetime import datetime

from django.utils.translation import gettext as _

from core.mail import queue_mail
from offline_messages.models import OfflineMessage, OfflineReply
from scheduling.wording import instant_in_words


def queue_copy(message: OfflineMessage) -> None:
    """Tell the customer the folio and when somebody will read the message."""
    opening_at = message.opening_at
    queue_mail(
        to=message.email,
        template="offline_message_copy",
        subject=_("Recibimos su mensaje %(folio)s") % {"folio": message.folio},
        context={
            "message": message,
            "opening": instant_in_words(opening_at, message.created_at) if opening_at else "",
            "quoted_text": _quoted(message.text),
        },
    )


def queue_answer(reply: OfflineReply, now: datetime) -> None:
    """Send the customer what the agent answered, with the message it answers."""
    message = reply.message
    queue_mail(
        to=message.email,
        template="offline_message_answer",
        subject=_("Respuesta a su mensaje %(folio)s") % {"folio": message.folio},
        context={
            "message": message,
            "reply": reply,
            "written": instant_in_words(message.created_at, now),
            "quoted_text": _quoted(message.text),
        },
    )


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
