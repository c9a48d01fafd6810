"""What becomes due with time. Every act is conditional: two clocks may attempt it, and it happens once."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from scheduling import emails
from scheduling.models import Appointment, AppointmentQuerySet
from scheduling.states import Act, move

# Somebody who typed for longer than the hour was held still gets it if nobody else wanted it.
EXPIRED_HOLD_KEPT = timedelta(hours=1)
# "The day before": an appointment agreed upon later than this needs no such reminder.
DAY = timedelta(days=1)


def due_acts() -> list[Callable[[datetime], object]]:
    """The acts of one round of the clock, in the order in which they must happen."""
    return [sweep_holds, mark_missed, remind]


def sweep_holds(now: datetime) -> int:
    """Forget the holds that expired an hour ago; until then whoever wants the hour removes them."""
    old = Appointment.objects.expired(now - EXPIRED_HOLD_KEPT)
    return sum(_forget(pk, old) for pk in old.order_by("held_until").values_list("pk", flat=True))


@transaction.atomic
def _forget(pk: int, old: AppointmentQuerySet) -> int:
    # Locked first: Django deletes by number what it read before, and a booking may have come between. One at
    # a time, so that no transaction keeps several rows that another wants in another order.
    row = old.select_for_update().filter(pk=pk).first()
    return row.delete()[0] if row else 0


def mark_missed(now: datetime) -> int:
    """Manual, "Tolerancia en el chat": whoever is not there when it ends books again. Returns how many."""
    return sum(_mark_missed(row, now) for row in Appointment.objects.overdue(now).select_related("service"))


@transaction.atomic
def _mark_missed(row: Appointment, now: datetime) -> bool:
    overdue = Q(arrived_at=None, starts_at__lt=now - settings.APPOINTMENT_TOLERANCE)
    is_missed = move(appointment=row, act=Act.MISS, now=now, where=overdue, missed_at=now)
    if is_missed:
        emails.queue_missed(row, now)
    return is_missed


def remind(now: datetime) -> int:
    """Remind of what comes within a day and, once more, of what comes within a quarter of an hour.

    Each once, and only of hours that were agreed upon before their reminder was due; when the clock is so
    late that both are due, only of the nearer one. Returns how many mails it queued.
    """
    soon = settings.APPOINTMENT_REMINDER_SOON
    to_come = Appointment.objects.booked().filter(starts_at__gt=now)
    is_soon = Q(starts_at__lte=now + soon)
    last = to_come.filter(is_soon, _agreed_before(soon), arrived_at=None, reminded_soon_at=None)
    first = to_come.filter(~is_soon, _agreed_before(DAY), starts_at__lte=now + DAY, reminded_day_at=None)
    return _remind(last, "reminded_soon_at", now) + _remind(first, "reminded_day_at", now)


def _agreed_before(wait: timedelta) -> Q:
    return Q(starts_at__gt=F("settled_at") + wait)


def _remind(due: AppointmentQuerySet, mark: str, now: datetime) -> int:
    return sum(_remind_of(row, due, mark, now) for row in due.select_related("service"))


@transaction.atomic
def _remind_of(row: Appointment, due: AppointmentQuerySet, mark: str, now: datetime) -> bool:
    # Without order, which an update does not take. The hour as well: the mail must not tell the old one.
    rows = due.order_by().filter(pk=row.pk, starts_at=row.starts_at)
    is_mine = rows.update(**{mark: now}) == 1
    if is_mine:
        emails.queue_reminder(row, now)
    return is_mine
