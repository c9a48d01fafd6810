"""What supervisors do with appointments, and what a change of hours, shifts or agents does to them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction

from scheduling import emails
from scheduling.calendar import OpeningCalendar
from scheduling.models import Appointment, Shift
from scheduling.services.booking import clear_expired, lock_agents, lock_booked, place
from scheduling.services.hours import current_calendar
from scheduling.services.offers import next_free, plan_of, shifts_of
from scheduling.services.rules import AgentNotFree, NotMissed, SlotTaken, check_reason
from scheduling.slots import Attendance, Slot
from scheduling.states import Act, move


def reopen(
    *, appointment: Appointment, starts_at: datetime, by: AbstractUser, reason: str, now: datetime
) -> Appointment:
    """Give a missed appointment another hour and mail it.

    Raises ReasonMissing, NotMissed, and SlotTaken with the nearest other hours.
    """
    check_reason(reason)
    with transaction.atomic():
        lock_agents()
        row = Appointment.objects.lock(appointment.pk)
        if row.state != Appointment.State.MISSED:
            raise NotMissed
        is_placed = place(row, starts_at, now, act=Act.REOPEN, by=by, reason=reason, missed_at=None)
        if is_placed:
            emails.queue_changed(row, now)
    if not is_placed:
        raise SlotTaken(next_free(service=row.service, now=now, around=starts_at))
    return row


def move_to_agent(
    *, appointment: Appointment, agent: AbstractUser, by: AbstractUser, reason: str, now: datetime
) -> Appointment:
    """Give an appointment to another agent at the same hour; the customer need not know.

    Raises ReasonMissing, NotBooked, TooLate or AgentNotFree.
    """
    check_reason(reason)
    with transaction.atomic():
        lock_agents()
        row = lock_booked(appointment, now)
        if row.agent_id == agent.pk:
            return row
        if agent.pk not in plan_of(row.service, now).free_agents(row.starts_at, row.ends_at):
            raise AgentNotFree
        clear_expired(row.starts_at, row.ends_at, now)
        try:
            move(appointment=row, act=Act.CHANGE_AGENT, now=now, by=by, reason=reason, agent_id=agent.pk)
        except IntegrityError as taken:
            raise AgentNotFree from taken
    return row


def agents_free_for(*, appointment: Appointment, now: datetime) -> list[AbstractUser]:
    """The agents to whom an appointment can be given at its hour, by name."""
    free = plan_of(appointment.service, now).free_agents(appointment.starts_at, appointment.ends_at)
    others = get_user_model()._default_manager.filter(pk__in=free).exclude(pk=appointment.agent_id)
    return list(others.order_by("first_name", "username"))


def hours_for(*, appointment: Appointment, now: datetime, count: int) -> list[Slot]:
    """The first hours that a supervisor can give an appointment, who need not keep the notice."""
    plan = plan_of(appointment.service, now, without=appointment.pk, notice=timedelta(0))
    return [slot for slot in plan.slots(now) if slot.starts_at != appointment.starts_at][:count]


def hit_by(
    *,
    now: datetime,
    calendar: OpeningCalendar | None = None,
    without_shift: Shift | None = None,
    with_shift: Shift | None = None,
    without_agent: AbstractUser | None = None,
) -> list[Appointment]:
    """The booked appointments to come that a change would leave outside hours and shifts, in order.

    The change is another calendar, a shift that goes, one that comes (both: one that is edited), or an agent
    who is disabled. Without any, those that do not fit what is in force.
    """
    rows = list(Appointment.objects.booked().filter(starts_at__gt=now).select_related("service", "agent"))
    in_force = current_calendar()
    shifts = list(Shift.objects.all())
    present = Attendance(in_force, shifts_of(shifts))
    kept = [shift for shift in shifts if not _goes(shift, without_shift, without_agent)]
    changed = Attendance(calendar or in_force, shifts_of([*kept, with_shift] if with_shift else kept))
    is_change = any((calendar, without_shift, with_shift, without_agent))
    return [row for row in rows if not _fits(changed, row) and (_fits(present, row) or not is_change)]


def _goes(shift: Shift, without_shift: Shift | None, without_agent: AbstractUser | None) -> bool:
    is_shift = without_shift is not None and shift.pk == without_shift.pk
    return is_shift or (without_agent is not None and shift.agent_id == without_agent.pk)


def _fits(attendance: Attendance, row: Appointment) -> bool:
    return attendance.fits(row.agent_id, row.starts_at, row.ends_at)


@transaction.atomic
def tell_hit(*, appointments: Iterable[Appointment], now: datetime) -> int:
    """Mail the customers that a change hits, with other hours to choose from; returns how many.

    To be called once the change is stored, so that the hours offered are those that remain.
    """
    rows = Appointment.objects.booked().filter(pk__in=[row.pk for row in appointments], starts_at__gt=now)
    for row in rows.select_related("service"):
        others = next_free(service=row.service, now=now, around=row.starts_at)
        emails.queue_hit(row, others, now)
    return len(rows)
