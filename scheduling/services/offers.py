"""Which hours can be booked: the rows as the arithmetic of `slots.py` takes them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, Q

from scheduling.calendar import Interval
from scheduling.models import Appointment, Service, Shift
from scheduling.services.hours import current_calendar
from scheduling.slots import Attendance, Bookings, Plan, Shifts, Slot, Terms, by_load, nearest

# How many other hours are offered to somebody whose hour is gone.
OTHERS = 3


def active_services() -> list[Service]:
    """What customers can book, in the order in which it is offered."""
    return list(Service.objects.filter(is_active=True))


def free_slots(*, service: Service, day: date, now: datetime, own: Appointment | None = None) -> list[Slot]:
    """The hours of a date of Mexico City that can be booked.

    To who changes `own`, an appointment or a hold, its hour is as free as it is taken to all others.
    """
    return _plan_for(service, now, own).slots(now, [day]) if service.is_active else []


def days_with_room(*, service: Service, now: datetime, own: Appointment | None = None) -> dict[date, bool]:
    """Each date that is offered, in order, and whether it has an hour that can be booked.

    The hour that `own` is booked for is none.
    """
    plan = _plan_for(service, now, own)
    slots = plan.slots(now) if service.is_active else []
    with_room = {slot.starts_at.date() for slot in _but_kept(slots, own, now)}
    return {day: day in with_room for day in plan.days(now)}


def next_free(
    *,
    service: Service,
    now: datetime,
    count: int = OTHERS,
    around: datetime | None = None,
    own: Appointment | None = None,
) -> list[Slot]:
    """The first `count` hours that can be booked, or the closest ones to the instant `around`.

    The hour that `own` is booked for is none.
    """
    slots = _plan_for(service, now, own).slots(now) if service.is_active else []
    others = _but_kept(slots, own, now)
    return others[:count] if around is None else nearest(others, around, count)


def kept_hour(own: Appointment, now: datetime) -> datetime | None:
    """The hour that an appointment is booked for and can take place at; changing to it changes nothing."""
    return own.starts_at if own.is_booked and not is_hit(own, now) else None


def _but_kept(slots: list[Slot], own: Appointment | None, now: datetime) -> list[Slot]:
    kept = kept_hour(own, now) if own else None
    return [slot for slot in slots if slot.starts_at != kept]


def _plan_for(service: Service, now: datetime, own: Appointment | None) -> Plan:
    return plan_of(service, now, without=own.pk if own else None)


def plan_of(
    service: Service, now: datetime, *, without: int | None = None, notice: timedelta | None = None
) -> Plan:
    """What decides which hours of a service are free, as if the appointment `without` were not there."""
    terms = Terms(service.slot, service.notice if notice is None else notice, service.horizon_days)
    return Plan(current_calendar(), shifts_of(Shift.objects.all()), terms, _bookings(now, without))


def in_force() -> Attendance:
    """Which hours are attended now, and by whom."""
    return Attendance(current_calendar(), shifts_of(Shift.objects.all()))


def fits(attendance: Attendance, appointment: Appointment) -> bool:
    """Whether an appointment can take place at its hour with its agent."""
    return attendance.fits(appointment.agent_id, appointment.starts_at, appointment.ends_at)


def is_hit(appointment: Appointment, now: datetime) -> bool:
    """Whether a change of our hours, shifts or agents made a booked hour impossible that is not over.

    Whoever has come is not hit: the chat begins all the same, with whoever is there.
    """
    is_to_come = appointment.is_booked and appointment.arrived_at is None and now < appointment.ends_at
    return is_to_come and not fits(in_force(), appointment)


def shifts_of(rows: Iterable[Shift]) -> Shifts:
    """Shifts of the agents whose accounts are enabled."""
    shifts: dict[int, dict[int, list[Interval]]] = defaultdict(lambda: defaultdict(list))
    enabled = set(Shift.objects.filter(agent__is_active=True).values_list("agent_id", flat=True))
    for row in rows:
        if row.agent_id in enabled:
            shifts[row.agent_id][row.weekday].append(row.interval)
    return shifts


def agents_for(plan: Plan, starts_at: datetime, now: datetime) -> list[int]:
    """Who can take the hour that begins at `starts_at`, in the order in which they are asked."""
    day = starts_at.astimezone(plan.calendar.zone).date()
    # Compared in UTC: the same instant may come in any zone.
    slots = plan.slots(now, [day])
    agents = next((slot.agents for slot in slots if slot.starts_at == starts_at.astimezone(UTC)), ())
    return by_load(agents, _load(day, now)) if agents else []


def _bookings(now: datetime, without: int | None) -> Bookings:
    bookings: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    rows = Appointment.objects.live(now).filter(ends_at__gt=now).exclude(Q(pk=without)).order_by()
    for agent, starts_at, ends_at in rows.values_list("agent_id", "starts_at", "ends_at"):
        bookings[agent].append((starts_at, ends_at))
    return bookings


def _load(day: date, now: datetime) -> dict[int, int]:
    taken = Appointment.objects.live(now) | Appointment.objects.filter(state=Appointment.State.ATTENDED)
    counted = taken.on_day(day).order_by().values_list("agent_id").annotate(Count("pk"))
    return dict(counted)


def overlapping(starts_at: datetime, ends_at: datetime) -> Q:
    """Appointments that share an instant with an hour."""
    return Q(starts_at__lt=ends_at, ends_at__gt=starts_at)
