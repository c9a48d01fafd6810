"""What becomes due with time. Every act is conditional: two clocks may attempt it, and it happens once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.acts import each
from core.prepared import Prepared
from scheduling import emails
from scheduling.models import Appointment, AppointmentEvent, AppointmentQuerySet
from scheduling.services.booking import DAY, cancelled
from scheduling.services.offers import fits, in_force
from scheduling.slots import Attendance
from scheduling.states import Act, move

# Somebody who typed for longer than the hour was held still gets it if nobody else wanted it.
EXPIRED_HOLD_KEPT = timedelta(hours=1)


def due_acts() -> list[Callable[[datetime], object]]:
    """The acts of one round of the clock, in the order in which they must happen."""
    return [sweep_holds, mark_missed, remind]


def sweep_holds(now: datetime) -> int:
    """Forget the holds that expired an hour ago; until then whoever wants the hour removes them."""
    return each(_OLD_HOLDS.rows((), now), _forget, now)


def _old_holds(now: datetime) -> AppointmentQuerySet:
    return Appointment.objects.expired(now - EXPIRED_HOLD_KEPT).order_by("held_until")


_OLD_HOLDS = Prepared(lambda _none, now: _old_holds(now))


@transaction.atomic
def _forget(old: Appointment, now: datetime) -> bool:
    # Locked first: Django deletes by number what it read before, and a booking may have come between. One at
    # a time, so that no transaction keeps several rows that another wants in another order.
    row = _old_holds(now).select_for_update().filter(pk=old.pk).first()
    if row:
        row.delete()
    return row is not None


def mark_missed(now: datetime) -> int:
    """Manual, "Tolerancia en el chat": whoever is not there when it ends books again.

    An hour that our own change of hours, shifts or agents made impossible is nobody's to miss: it is
    cancelled, with an apology. Returns how many it ended in either way.
    """
    attendance = cache(in_force)
    return each(_OVERDUE.rows((), now), _end, attendance, now)


_OVERDUE = Prepared(lambda _none, now: Appointment.objects.overdue(now))


def _end(row: Appointment, attendance: Callable[[], Attendance], now: datetime) -> bool:
    return _miss(row, now) if fits(attendance(), row) else _cancel(row, now)


@transaction.atomic
def _miss(row: Appointment, now: datetime) -> bool:
    is_missed = move(appointment=row, act=Act.MISS, now=now, where=_overdue(now), missed_at=now)
    if is_missed:
        emails.queue_missed(row, now)
    return is_missed


@transaction.atomic
def _cancel(row: Appointment, now: datetime) -> bool:
    is_cancelled = move(
        appointment=row,
        act=Act.CANCEL,
        now=now,
        actor=AppointmentEvent.Actor.CLOCK,
        reason=_("Cambio en nuestro horario o en los turnos"),
        where=_overdue(now),
        **cancelled(now),
    )
    if is_cancelled:
        emails.queue_cancelled_by_us(row, now)
    return is_cancelled


def _overdue(now: datetime) -> Q:
    return Q(arrived_at=None, starts_at__lt=now - settings.APPOINTMENT_TOLERANCE)


def remind(now: datetime) -> int:
    """Remind of what comes within a day and, once more, of what comes within a quarter of an hour.

    Each once, and only of hours that were agreed upon before their reminder was due and that our own changes
    have not made impossible; when the clock is so late that both are due, only of the nearer one. Returns how
    many mails it queued.
    """
    attendance = cache(in_force)
    return sum(
        each(_that_fit(due.rows((), now), attendance), _remind_of, query, mark, now)
        for due, query, mark in (
            (_SOON, _due_soon, "reminded_soon_at"),
            (_IN_A_DAY, _due_in_a_day, "reminded_day_at"),
        )
    )


def _due_soon(now: datetime) -> AppointmentQuerySet:
    return _to_come(now).filter(_is_soon(now), arrived_at=None, reminded_soon_at=None)


def _due_in_a_day(now: datetime) -> AppointmentQuerySet:
    return _to_come(now).filter(~_is_soon(now), starts_at__lte=now + DAY, reminded_day_at=None)


_SOON = Prepared(lambda _none, now: _due_soon(now))
_IN_A_DAY = Prepared(lambda _none, now: _due_in_a_day(now))


def _to_come(now: datetime) -> AppointmentQuerySet:
    return Appointment.objects.booked().filter(starts_at__gt=now)


def _is_soon(now: datetime) -> Q:
    return Q(starts_at__lte=now + settings.APPOINTMENT_REMINDER_SOON)


def _that_fit(due: list[Appointment], attendance: Callable[[], Attendance]) -> list[Appointment]:
    """Those hit by a change stay unmarked: moved to another agent, say, they are still reminded of."""
    return [row for row in due if fits(attendance(), row)]


@transaction.atomic
def _remind_of(
    row: Appointment, due: Callable[[datetime], AppointmentQuerySet], mark: str, now: datetime
) -> bool:
    # Without order, which an update does not take. The hour as well: the mail must not tell the old one.
    rows = due(now).order_by().filter(pk=row.pk, starts_at=row.starts_at)
    is_mine = rows.update(**{mark: now}) == 1
    if is_mine:
        emails.queue_reminder(row, now)
    return is_mine
