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
from scheduling.services.offers import fits, in_force, next_free, plan_of, shifts_of
from scheduling.services.rules import (
    AgentNotFree,
    HasCome,
    NotBegun,
    NotBooked,
    NotMissed,
    SlotTaken,
    ToleranceRuns,
    check_reason,
)
from scheduling.slots import Attendance, Slot
from scheduling.states import Act, move


def reopen(
    *, appointment: Appointment, starts_at: datetime, by: AbstractUser, reason: str, now: datetime
) -> Appointment:
    """Give a missed appointment another hour and mail it; that it was missed is not told if it was not yet.

    One whose customer had come has had its chat and gets no other. Raises ReasonMissing, NotMissed, HasCome,
    and SlotTaken with the nearest other hours.
    """
    check_reason(reason)
    with transaction.atomic():
        lock_agents()
        row = Appointment.objects.lock(appointment.pk)
        if row.state != Appointment.State.MISSED:
            raise NotMissed
        if row.arrived_at is not None:
            raise HasCome(HasCome.to_supervisors)
        is_placed = place(row, starts_at, now, act=Act.REOPEN, by=by, reason=reason, missed_at=None)
        if is_placed:
            emails.withdraw_missed(row, now)
            emails.queue_changed(row, now)
    if not is_placed:
        raise SlotTaken(next_free(service=row.service, now=now, around=starts_at))
    return row


@transaction.atomic
def set_attended(*, appointment: Appointment, by: AbstractUser, reason: str, now: datetime) -> Appointment:
    """Note that the customer was helped by other means, from the booked hour on or after being missed.

    No mail: the customer knows. That of the missed one is withdrawn if it waits. Raises ReasonMissing,
    NotBegun or NotBooked.
    """
    check_reason(reason)
    row = Appointment.objects.lock(appointment.pk)
    if row.is_booked and now < row.starts_at:
        raise NotBegun
    act = Act.AMEND if row.state == Appointment.State.MISSED else Act.MARK_ATTENDED
    if not move(appointment=row, act=act, now=now, by=by, reason=reason, attended_at=now, missed_at=None):
        raise NotBooked
    emails.withdraw_missed(row, now)
    return row


@transaction.atomic
def set_missed(*, appointment: Appointment, by: AbstractUser, reason: str, now: datetime) -> Appointment:
    """Note that the customer was not there, or came and left, once the tolerance is over.

    The customer gets the mail of a missed one, once: what the clock has marked is not booked any more. Raises
    ReasonMissing, ToleranceRuns or NotBooked, which is also for an hour that our own change made impossible.
    """
    check_reason(reason)
    row = Appointment.objects.lock(appointment.pk)
    if row.is_booked and now <= row.tolerance_ends_at:
        raise ToleranceRuns
    is_ours = row.arrived_at is None and not fits(in_force(), row)
    if is_ours or not move(
        appointment=row, act=Act.MARK_MISSED, now=now, by=by, reason=reason, missed_at=now
    ):
        raise NotBooked
    emails.queue_missed(row, now)
    return row


def move_to_agent(
    *, appointment: Appointment, agent: AbstractUser, by: AbstractUser, reason: str, now: datetime
) -> Appointment:
    """Give an appointment to another agent at the same hour; the customer need not know, come or not.

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
    present_calendar = current_calendar()
    shifts = list(Shift.objects.all())
    present = Attendance(present_calendar, shifts_of(shifts))
    kept = [shift for shift in shifts if not _goes(shift, without_shift, without_agent)]
    changed = Attendance(calendar or present_calendar, shifts_of([*kept, with_shift] if with_shift else kept))
    is_change = any((calendar, without_shift, with_shift, without_agent))
    return [row for row in rows if not fits(changed, row) and (fits(present, row) or not is_change)]


def _goes(shift: Shift, without_shift: Shift | None, without_agent: AbstractUser | None) -> bool:
    is_shift = without_shift is not None and shift.pk == without_shift.pk
    return is_shift or (without_agent is not None and shift.agent_id == without_agent.pk)


@transaction.atomic
def tell_hit(*, appointments: Iterable[Appointment], now: datetime) -> int:
    """Mail the customers that a change hits, with other hours to choose from; returns how many.

    Not those who have come: their chat begins all the same. Reminders that still wait are withdrawn. To be
    called once the change is stored, so that the hours offered are those that remain.
    """
    told = Appointment.objects.booked().filter(pk__in=[row.pk for row in appointments])
    rows = told.filter(starts_at__gt=now, arrived_at=None)
    for row in rows.select_related("service"):
        others = next_free(service=row.service, now=now, around=row.starts_at, own=row)
        emails.withdraw_reminders(row, now)
        emails.queue_hit(row, others, now)
    return len(rows)
