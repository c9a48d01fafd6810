"""The hour itself: who has come, whose agent is kept free for it, and what starts now."""

from collections import defaultdict
from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Q

from scheduling.models import Appointment, AppointmentQuerySet
from scheduling.services.booking import admit, lock_booked
from scheduling.services.rules import TooEarly, TooLate
from scheduling.states import Act, move

State = Appointment.State
# How long before the hour an agent's console begins to show what comes.
COMING = timedelta(minutes=30)


@transaction.atomic
def arrive(*, appointment: Appointment, key_hash: str, now: datetime) -> Appointment:
    """Note that the customer is there, and in which browser; coming again moves the chat to come to another.

    From ten minutes before the hour until the tolerance ends, its last instant included. Raises TooEarly,
    TooLate or NotBooked.
    """
    row = Appointment.objects.lock(appointment.pk)
    if row.state == State.ATTENDED or (row.is_booked and row.arrived_at is not None):
        Appointment.objects.filter(pk=row.pk, state=State.BOOKED).update(arrived_key_hash=key_hash)
        admit(row, key_hash)
        row.refresh_from_db()
        return row
    row = lock_booked(row, now)
    if now < row.opens_at:
        raise TooEarly
    in_time = Q(arrived_at=None, starts_at__gte=now - settings.APPOINTMENT_TOLERANCE)
    if not move(
        appointment=row, act=Act.ARRIVE, now=now, where=in_time, arrived_at=now, arrived_key_hash=key_hash
    ):
        raise TooLate
    admit(row, key_hash)
    return row


def attend(*, appointment: Appointment, agent: AbstractUser, now: datetime) -> bool:
    """Note that its chat begins, with the booked agent or another; False when it cannot any more."""
    not_missed = Q(arrived_at__isnull=False) | Q(starts_at__gte=now - settings.APPOINTMENT_TOLERANCE)
    return move(appointment=appointment, act=Act.ATTEND, now=now, by=agent, where=not_missed, attended_at=now)


def kept_for(now: datetime) -> dict[int, list[Appointment]]:
    """Agents with the appointments that their seats are kept for: the hour has come, and so may the customer.

    Who is first in the day comes first.
    """
    kept: dict[int, list[Appointment]] = defaultdict(list)
    for appointment in Appointment.objects.booked().filter(_keeps(now)):
        kept[appointment.agent_id].append(appointment)
    return kept


def may_come(now: datetime) -> AppointmentQuerySet:
    """Whose hour has come and whose tolerance still runs, without the customer."""
    earliest = now - settings.APPOINTMENT_TOLERANCE
    return Appointment.objects.booked().filter(arrived_at=None, starts_at__gte=earliest, starts_at__lte=now)


def due_to_start(now: datetime) -> AppointmentQuerySet:
    """Whose customers wait for a chat that should begin; who is first in the day comes first."""
    return Appointment.objects.booked().filter(arrived_at__isnull=False, starts_at__lte=now)


def agenda(*, agent: AbstractUser, day: date) -> AppointmentQuerySet:
    """An agent's appointments of a date of Mexico City in order, without those cancelled."""
    rows = Appointment.objects.filter(agent_id=agent.pk).on_day(day)
    return rows.exclude(state__in=[State.HELD, State.CANCELLED]).order_by("starts_at", "pk")


def day_of(*, day: date) -> AppointmentQuerySet:
    """Everybody's appointments of a date of Mexico City by the hour, without those cancelled."""
    rows = Appointment.objects.on_day(day).exclude(state__in=[State.HELD, State.CANCELLED])
    return rows.select_related("agent").order_by("starts_at", "pk")


def coming(*, agent: AbstractUser, now: datetime) -> Appointment | None:
    """What an agent should see coming: the next appointment within half an hour, or the one that is due."""
    begins = Q(starts_at__gt=now, starts_at__lte=now + COMING)
    rows = Appointment.objects.booked().filter(begins | _keeps(now), agent_id=agent.pk)
    return rows.select_related("service").first()


def _keeps(now: datetime) -> Q:
    may_come = Q(starts_at__gte=now - settings.APPOINTMENT_TOLERANCE)
    return Q(starts_at__lte=now) & (may_come | Q(arrived_at__isnull=False))
