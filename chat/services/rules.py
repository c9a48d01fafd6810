"""The rules of a chat that can be broken, each with the sentence its breaker reads."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import RuleBroken
from scheduling.calendar import MEXICO_CITY
from scheduling.models import Appointment


class ChatEnded(RuleBroken):
    code = "chat.ended"
    text = gettext_lazy(
        "Este chat ya finalizó. Lo que escribió sigue aquí: puede iniciar otro chat o dejarlo como mensaje."
    )


class NoChat(RuleBroken):
    """The browser has lost its cookie, or never had one."""

    code = "chat.none"
    text = gettext_lazy(
        "Este navegador ya no tiene un chat abierto y no se envió nada. Lo que escribió sigue aquí: "
        "envíelo para iniciar otro chat."
    )


class NotWaiting(RuleBroken):
    code = "chat.not-waiting"
    text = gettext_lazy("Este chat ya no está en espera.")


class ChatTaken(RuleBroken):
    """Another agent was faster."""

    code = "chat.taken"

    def __init__(self, by: str) -> None:
        super().__init__(_("Este chat ya lo atiende %(agent)s.") % {"agent": by})


class NotYourChat(RuleBroken):
    code = "chat.not-yours"
    text = gettext_lazy("Este chat no está asignado a usted.")


class AgentIsFull(RuleBroken):
    code = "agent.full"
    text = gettext_lazy("Ya atiende todos los chats que permite su cupo. Finalice uno para atender otro.")


class SeatIsKept(AgentIsFull):
    """From the booked hour the agent's seat is that customer's, who may still come."""

    code = "agent.seat-kept"

    def __init__(self, appointment: Appointment) -> None:
        if appointment.arrived_at is None:
            text = _("Su lugar está reservado hasta las %(time)s para la cita %(folio)s.")
        else:
            text = _(
                "Su lugar está reservado para la cita %(folio)s, cuyo cliente ya espera: atiéndalo primero."
            )
        until = appointment.tolerance_ends_at.astimezone(MEXICO_CITY)
        super().__init__(text % {"folio": appointment.folio, "time": f"{until:%H:%M}"})


class DraftConflict(RuleBroken):
    """The same client id came with another content: a programming error or an attack."""

    code = "message.conflict"
    text = gettext_lazy("Este mensaje ya se había enviado con otro contenido. Envíelo de nuevo.")


class IdentificationPending(RuleBroken):
    code = "chat.identification-pending"
    text = gettext_lazy("Primero identifíquese, por favor. Su mensaje se conserva y podrá enviarlo después.")


class TooManyChats(RuleBroken):
    code = "chat.too-many"
    text = gettext_lazy("Ya tiene un chat abierto; lo que escribió está en el cuadro de mensaje.")


class NotEnded(RuleBroken):
    code = "chat.not-ended"
    text = gettext_lazy("El chat sigue abierto: primero finalícelo.")


class SupportClosed(RuleBroken):
    code = "support.closed"
    text = gettext_lazy(
        "En este momento el chat está fuera de línea. Lo que escribió sigue aquí: déjelo como mensaje."
    )


class NotIdentified(RuleBroken):
    """An appointment is booked for a RFC and a program."""

    code = "chat.not-identified"
    text = gettext_lazy("Para ofrecer una cita, primero debe identificarse el cliente.")


class NothingToOffer(RuleBroken):
    code = "appointment.nothing-to-offer"
    text = gettext_lazy("No hay horas libres para agendar en los días que se ofrecen.")


class OfferGone(RuleBroken):
    """The hour was not among those that are offered now."""

    code = "appointment.offer-gone"
    text = gettext_lazy("Esa hora ya no se ofrece. Elija otra, o pida a su agente que le ofrezca más.")
