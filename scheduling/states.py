"""The states of an appointment and the moves between them: one table, and the one door through it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Q

from scheduling import emails
from scheduling.models import Appointment, AppointmentEvent

State = Appointment.State
Actor = AppointmentEvent.Actor


class Act(StrEnum):
    BOOK = "book"
    RESCHEDULE = "reschedule"
    CHANGE_AGENT = "change-agent"
    ARRIVE = "arrive"
    ATTEND = "attend"
    MISS = "miss"
    CANCEL = "cancel"
    REOPEN = "reopen"
    MARK_ATTENDED = "mark-attended"
    MARK_MISSED = "mark-missed"
    AMEND = "amend"


@dataclass(frozen=True)
class Move:
    """What an act does, and who may do it; whoever does it as a rule comes first."""

    before: Appointment.State
    after: Appointment.State
    who: tuple[AppointmentEvent.Actor, ...]

    def actor(self, by: AbstractUser | None) -> AppointmentEvent.Actor:
        """Who does it when the call names but an account, or none."""
        is_supervisor = by is not None and Actor.SUPERVISOR in self.who
        return Actor.SUPERVISOR if is_supervisor else self.who[0]


MOVES: dict[Act, Move] = {
    Act.BOOK: Move(State.HELD, State.BOOKED, (Actor.CUSTOMER,)),
    Act.RESCHEDULE: Move(State.BOOKED, State.BOOKED, (Actor.CUSTOMER, Actor.SUPERVISOR)),
    Act.CHANGE_AGENT: Move(State.BOOKED, State.BOOKED, (Actor.SUPERVISOR,)),
    Act.ARRIVE: Move(State.BOOKED, State.BOOKED, (Actor.CUSTOMER,)),
    Act.ATTEND: Move(State.BOOKED, State.ATTENDED, (Actor.AGENT,)),
    Act.MISS: Move(State.BOOKED, State.MISSED, (Actor.CLOCK,)),
    Act.CANCEL: Move(State.BOOKED, State.CANCELLED, (Actor.CUSTOMER, Actor.SUPERVISOR, Actor.CLOCK)),
    Act.REOPEN: Move(State.MISSED, State.BOOKED, (Actor.SUPERVISOR,)),
    Act.MARK_ATTENDED: Move(State.BOOKED, State.ATTENDED, (Actor.SUPERVISOR,)),
    Act.MARK_MISSED: Move(State.BOOKED, State.MISSED, (Actor.SUPERVISOR,)),
    Act.AMEND: Move(State.MISSED, State.ATTENDED, (Actor.SUPERVISOR,)),
}


@transaction.atomic
def move(
    *,
    appointment: Appointment,
    act: Act,
    now: datetime,
    by: AbstractUser | None = None,
    actor: AppointmentEvent.Actor | None = None,
    reason: str = "",
    where: Q | None = None,
    **changes: Any,
) -> bool:
    """Do an act if the row still is as the table, `where` and `appointment.starts_at` say, and note it.

    The row count of one conditional update decides, so of two who attempt the same act one does it. False
    when it was not this call; `appointment` is then left as it was. `by` is the account of an agent or a
    supervisor; `actor` is told where the table leaves it open: the clock that cancels. Reminders that still
    wait and tell of what is no more are withdrawn.
    """
    step = MOVES[act]
    actor = actor or step.actor(by)
    if actor not in step.who:
        raise ValueError(f"{act} is not done by: {actor}")
    rows = Appointment.objects.filter(
        where or Q(), pk=appointment.pk, state=step.before, starts_at=appointment.starts_at
    )
    before = appointment.starts_at
    if not rows.update(state=step.after, **changes):
        return False
    appointment.refresh_from_db()
    _note(appointment, act, before, at=now, actor=actor, by_id=by.pk if by else None, reason=reason)
    if not appointment.is_booked or appointment.starts_at != before:
        emails.withdraw_reminders(appointment, now)
    return True


def _note(appointment: Appointment, act: Act, starts_at_before: datetime, **who_and_why: Any) -> None:
    """Write down what was done to an appointment that is now as the act left it."""
    step = MOVES[act]
    AppointmentEvent.objects.create(
        appointment=appointment,
        act=act,
        state_before=step.before,
        state_after=step.after,
        starts_at_before=starts_at_before,
        starts_at_after=appointment.starts_at,
        **who_and_why,
    )
