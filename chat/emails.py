"""The mails of the chat."""

from django.utils.translation import gettext as _

from chat.links import link_to
from chat.models import SUPERVISORS_GROUP, Agent, ChatSession
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


def tell_supervisors(session: ChatSession, taken_by: Agent | None = None) -> None:
    """Tell the supervisors that a customer came to a booked hour and the booked agent did not.

    `taken_by` is the agent who attends instead; without one the chat waits at the head of the queue.
    """
    appointment = session.appointment
    assert appointment is not None  # noqa: S101  only booked chats are told of
    supervisors = Agent.objects.filter(is_active=True, groups__name=SUPERVISORS_GROUP).exclude(email="")
    for address in supervisors.values_list("email", flat=True):
        queue_mail(
            to=address,
            template="appointment_without_agent",
            context={"session": session, "appointment": appointment, "taken_by": taken_by},
            subject=_("Cita %s sin su agente") % appointment.folio,
        )
