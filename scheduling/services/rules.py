"""The rules of an appointment that can be broken, each with the sentence its breaker reads."""

from collections.abc import Sequence

from django.conf import settings
from django.utils.translation import gettext_lazy, ngettext

from core.errors import RuleBroken
from scheduling.slots import Slot


class SlotTaken(RuleBroken):
    """Nobody is free at that hour any more; `nearest` are the closest hours that still are."""

    code = "appointment.slot-taken"
    text = gettext_lazy("Esa hora ya no está disponible. Elija otra; sus datos se conservan.")

    def __init__(self, nearest: Sequence[Slot] = ()) -> None:
        super().__init__()
        self.nearest = list(nearest)


class HoldExpired(RuleBroken):
    """The hour is no longer held for this browser."""

    code = "appointment.hold-expired"
    text = gettext_lazy(
        "Terminó el tiempo durante el que le apartamos la hora. Elija una hora otra vez; "
        "sus datos se conservan."
    )


class TooManyAppointments(RuleBroken):
    code = "appointment.too-many"

    def __init__(self) -> None:
        most = settings.APPOINTMENT_MOST_LIVE
        line = ngettext(
            "Ya tiene %(most)d cita agendada con este correo o este RFC. Para agendar otra, espere a que "
            "pase o cancélela desde el enlace que le enviamos por correo.",
            "Ya tiene %(most)d citas agendadas con este correo o este RFC. Para agendar otra, espere a que "
            "pase una o cancélela desde el enlace que le enviamos por correo.",
            most,
        )
        super().__init__(line % {"most": most})


class TooManyMoves(RuleBroken):
    code = "appointment.too-many-moves"

    def __init__(self) -> None:
        most = settings.APPOINTMENT_MOST_MOVES
        line = ngettext(
            "Esta cita ya se cambió %(most)d vez y no puede cambiarse más. Puede conservarla, o cancelarla "
            "y agendar otra.",
            "Esta cita ya se cambió %(most)d veces y no puede cambiarse más. Puede conservarla, o cancelarla "
            "y agendar otra.",
            most,
        )
        super().__init__(line % {"most": most})


class NotBooked(RuleBroken):
    """The appointment has taken place, was cancelled, or was never completed."""

    code = "appointment.not-booked"
    text = gettext_lazy("Esta cita ya no está agendada. Si necesita soporte, agende otra.")


class TooEarly(RuleBroken):
    code = "appointment.too-early"

    def __init__(self) -> None:
        minutes = int(settings.APPOINTMENT_EARLY.total_seconds() // 60)
        line = ngettext(
            "Todavía es temprano: podrá entrar desde %(minutes)d minuto antes de la hora de su cita.",
            "Todavía es temprano: podrá entrar desde %(minutes)d minutos antes de la hora de su cita.",
            minutes,
        )
        super().__init__(line % {"minutes": minutes})


class TooLate(NotBooked):
    """The manual's tolerance passed without the customer."""

    code = "appointment.too-late"

    def __init__(self) -> None:
        minutes = int(settings.APPOINTMENT_TOLERANCE.total_seconds() // 60)
        line = ngettext(
            "Pasó %(minutes)d minuto de tolerancia de la hora agendada y el agente fue liberado para atender "
            "a otro cliente. Deberá volver a agendar el soporte; sus datos se conservan.",
            "Pasaron los %(minutes)d minutos de tolerancia de la hora agendada y el agente fue liberado para "
            "atender a otro cliente. Deberá volver a agendar el soporte; sus datos se conservan.",
            minutes,
        )
        super().__init__(line % {"minutes": minutes})


class HasCome(RuleBroken):
    """The customer is in the waiting room: the chat is about to begin, or waits for an agent."""

    code = "appointment.has-come"
    text = gettext_lazy(
        "Ya está en la sala de espera y su chat está por empezar o espera a un agente: la hora ya no puede "
        "cambiarse."
    )
    to_supervisors = gettext_lazy(
        "El cliente ya entró a la sala de espera de esta cita: su chat está por empezar, espera a un agente "
        "o ya terminó, y la hora no puede cambiarse. Si necesita otra hora, hay que agendar otra cita."
    )


class NotBegun(RuleBroken):
    code = "appointment.not-begun"
    text = gettext_lazy("Todavía no es la hora de la cita: se marca como atendida desde que empieza.")


class ToleranceRuns(RuleBroken):
    code = "appointment.tolerance-runs"
    text = gettext_lazy(
        "Todavía no termina la tolerancia de la cita: hasta entonces el cliente puede presentarse."
    )


class NotMissed(RuleBroken):
    code = "appointment.not-missed"
    text = gettext_lazy("Solo se reabre una cita a la que el cliente no se presentó.")


class AgentNotFree(RuleBroken):
    code = "appointment.agent-not-free"
    text = gettext_lazy(
        "Ese agente no puede atender a esa hora: no es parte de su turno, tiene otra cita o su cuenta está "
        "deshabilitada. Elija a otro agente."
    )


class ReasonMissing(RuleBroken):
    code = "appointment.reason-missing"
    text = gettext_lazy("Escriba el motivo; quedará en la historia de la cita.")


def check_reason(reason: str) -> None:
    """Raises ReasonMissing when a supervisor's reason says nothing."""
    if not reason.strip():
        raise ReasonMissing
