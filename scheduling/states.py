"""The states of an appointment and the moves between them: one table, and the one door through it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Q

from scheduling.models import Appointment, AppointmentEvent

State = Appointment.State


class Act(StrEnum):
    BOOK = "book"
    RESCHEDULE = "reschedule"
    CHANGE_AGENT = "change-agent"
    ARRIVE = "arrive"
    ATTEND = "attend"
    MISS = "miss"
    CANCEL = "cancel"
    REOPEN = "reopen"


@dataclass(frozen=True)
class Move:
    """What an act does, and who may do it, in words for the table of README.md."""

    before: Appointment.State
    after: Appointment.State
    who: str


MOVES: dict[Act, Move] = {
    Act.BOOK: Move(State.HELD, State.BOOKED, "customer"),
    Act.RESCHEDULE: Move(State.BOOKED, State.BOOKED, "customer, supervisor"),
    Act.CHANGE_AGENT: Move(State.BOOKED, State.BOOKED, "supervisor"),
    Act.ARRIVE: Move(State.BOOKED, State.BOOKED, "customer"),
    Act.ATTEND: Move(State.BOOKED, State.ATTENDED, "agent"),
    Act.MISS: Move(State.BOOKED, State.MISSED, "clock"),
    Act.CANCEL: Move(State.BOOKED, State.CANCELLED, "customer, supervisor"),
    Act.REOPEN: Move(State.MISSED, State.BOOKED, "supervisor"),
}


@transaction.atomic
def move(
    *,
    appointment: Appointment,
    act: Act,
    now: datetime,
    by: AbstractUser | None = None,
    reason: str = "",
    where: Q | None = None,
    **changes: Any,
) -> bool:
    """Do an act if the row still is as the table, `where` and `appointment.starts_at` say, and note it.

    The row count of one conditional update decides, so of two who attempt the same act one does it. False
    when it was not this call; `appointment` is then left as it was. `by` is empty for the customer and the
    clock.
    """
    step = MOVES[act]
    rows = Appointment.objects.filter(
        where or Q(), pk=appointment.pk, state=step.before, starts_at=appointment.starts_at
    )
    before = appointment.starts_at
    if not rows.update(state=step.after, **changes):
        return False
    appointment.refresh_from_db()
    AppointmentEvent.objects.create(
        appointment=appointment,
        at=now,
        act=act,
        by_id=by.pk if by else None,
        reason=reason,
        state_before=step.before,
        state_after=step.after,
        starts_at_before=before,
        starts_at_after=appointment.starts_at,
    )
    return True
