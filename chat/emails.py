"""The mails of the chat."""

from django.utils.translation import gettext as _

from chat.links import link_to
from chat.models import ChatSession
from core.mail import queue_mail


def send_transcript(session: ChatSession) -> None:
    """Queue the whole conversation, as the customer saw it, to the address given before the chat."""
    lines = session.messages.for_customer().select_related("session", "agent")
    queue_mail(
        to=session.email,
        template="chat_transcript",
        context={"session": session, "lines": lines, "link": link_to(session)},
        subject=_("Su conversación con Facturando, folio %s") % session.folio,
    )
