"""What supervisors do with one appointment: small forms, each with a reason."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django import forms
from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext_lazy as _

from core.text import FreeTextField
from scheduling import services
from scheduling.admin.shifts import name_of
from scheduling.models import Appointment
from scheduling.slots import Slot
from scheduling.wording import day_in_words

State = Appointment.State
# Some two weeks of half hours; the list is long and parted by days.
MOST_HOURS = 160
NO_HOURS = _("No hay horas libres en los días que se ofrecen.")


class ActForm(forms.Form):
    """One act on one appointment, tried when the form is valid; what it may not do raises RuleBroken."""

    act = ""
    title: Any = ""
    button: Any = ""
    done: Any = ""
    # In which it is offered.
    states: tuple[str, ...] = (State.BOOKED,)
    is_grave = False

    def __init__(self, appointment: Appointment, now: datetime, data: Any = None) -> None:
        super().__init__(data, prefix=self.act)
        self.appointment, self.now = appointment, now
        self.fields["reason"] = FreeTextField(
            label=_("Motivo"),
            max_length=500,
            error_messages={"required": services.ReasonMissing.text},
            widget=forms.Textarea(attrs={"rows": 2, "cols": 40}),
        )

    def do(self, by: AbstractUser) -> None:
        raise NotImplementedError

    @property
    def is_possible(self) -> bool:
        """Whether it may be done now, and there is anything to choose from."""
        return True

    @property
    def nothing(self) -> Any:
        """What stands there when it is not possible."""
        return ""

    def _common(self, by: AbstractUser) -> dict[str, Any]:
        return {
            "appointment": self.appointment,
            "by": by,
            "reason": self.cleaned_data["reason"],
            "now": self.now,
        }


class HourForm(ActForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        slots = services.hours_for(appointment=self.appointment, now=self.now, count=MOST_HOURS)
        self.slots = {slot.starts_at.isoformat(): slot for slot in slots}
        hour = forms.ChoiceField(
            label=_("Hora nueva"),
            choices=[("", _("Elija una hora")), *_by_day(slots)],
            help_text=_("Hora de la Ciudad de México."),
            error_messages={
                "required": _("Elija la hora nueva."),
                "invalid_choice": services.SlotTaken.text,
            },
        )
        self.fields = {"hour": hour} | self.fields

    @property
    def is_possible(self) -> bool:
        return bool(self.slots) and self.appointment.arrived_at is None

    @property
    def nothing(self) -> Any:
        has_come = self.appointment.arrived_at is not None
        return services.HasCome.to_supervisors if has_come else NO_HOURS

    @property
    def starts_at(self) -> datetime:
        return self.slots[self.cleaned_data["hour"]].starts_at


class RescheduleForm(HourForm):
    act, title, button = "reschedule", _("Dar otra hora"), _("Dar esta hora y avisar al cliente")
    done = _("La cita tiene otra hora. Se avisa al cliente por correo.")

    def do(self, by: AbstractUser) -> None:
        services.reschedule(starts_at=self.starts_at, **self._common(by))


class ReopenForm(HourForm):
    act, title, button = "reopen", _("Reabrir"), _("Reabrir y avisar al cliente")
    done = _("La cita está agendada otra vez. Se avisa al cliente por correo.")
    states = (State.MISSED,)

    def do(self, by: AbstractUser) -> None:
        services.reopen(starts_at=self.starts_at, **self._common(by))


class ChangeAgentForm(ActForm):
    act, title, button = "change-agent", _("Pasar a otro agente"), _("Pasar a este agente")
    done = _("La cita tiene otro agente.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agents = services.agents_free_for(appointment=self.appointment, now=self.now)
        self.agents = {str(agent.pk): agent for agent in agents}
        agent = forms.ChoiceField(
            label=_("Agente"),
            choices=[("", _("Elija un agente")), *((key, name_of(row)) for key, row in self.agents.items())],
            help_text=_("Los que están libres a esa hora."),
            error_messages={
                "required": _("Elija un agente."),
                "invalid_choice": services.AgentNotFree.text,
            },
        )
        self.fields = {"agent": agent} | self.fields

    @property
    def is_possible(self) -> bool:
        return bool(self.agents)

    @property
    def nothing(self) -> Any:
        return _("Ningún otro agente está libre a esa hora.")

    def do(self, by: AbstractUser) -> None:
        services.move_to_agent(agent=self.agents[self.cleaned_data["agent"]], **self._common(by))


class MarkAttendedForm(ActForm):
    act, title, button = "mark-attended", _("Marcar como atendida"), _("Marcar como atendida")
    done = _("La cita está marcada como atendida. No se avisa al cliente.")
    states = (State.BOOKED, State.MISSED)

    @property
    def is_possible(self) -> bool:
        return self.appointment.starts_at <= self.now

    @property
    def nothing(self) -> Any:
        return services.NotBegun.text

    def do(self, by: AbstractUser) -> None:
        services.set_attended(**self._common(by))


class MarkMissedForm(ActForm):
    act, title = "mark-missed", _("Marcar que no se presentó")
    button = _("Marcar que no se presentó y avisar al cliente")
    done = _("La cita está marcada como no presentada. Se avisa al cliente por correo.")
    is_grave = True

    @property
    def is_possible(self) -> bool:
        return self.appointment.tolerance_ends_at < self.now

    @property
    def nothing(self) -> Any:
        return services.ToleranceRuns.text

    def do(self, by: AbstractUser) -> None:
        services.set_missed(**self._common(by))


class CancelForm(ActForm):
    act, title, button = "cancel", _("Cancelar la cita"), _("Cancelar la cita y avisar al cliente")
    done = _("La cita está cancelada. Se avisa al cliente por correo.")
    is_grave = True

    def do(self, by: AbstractUser) -> None:
        services.cancel(**self._common(by))


FORMS: dict[str, type[ActForm]] = {
    form.act: form
    for form in (
        RescheduleForm,
        ChangeAgentForm,
        ReopenForm,
        MarkAttendedForm,
        MarkMissedForm,
        CancelForm,
    )
}


def _by_day(slots: Sequence[Slot]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Hours of a choice, under their days."""
    return [
        (day_in_words(day), [(slot.starts_at.isoformat(), f"{slot.starts_at:%H:%M}") for slot in group])
        for day, group in groupby(slots, key=lambda slot: slot.starts_at.date())
    ]
