"""From the held hour to the booked one: holding, booking, changing and cancelling."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from core.fields import GENERIC_RFCS
from core.folio import unused_folio
from scheduling import emails
from scheduling.models import Appointment, AppointmentEvent, AppointmentReader, Service, Shift
from scheduling.services.offers import (
    agents_for,
    fits,
    in_force,
    is_hit,
    kept_hour,
    next_free,
    overlapping,
    plan_of,
)
from scheduling.services.rules import (
    HasCome,
    HoldExpired,
    NotBooked,
    SlotTaken,
    TooLate,
    TooManyAppointments,
    TooManyMoves,
)
from scheduling.states import Act, move
from scheduling.zones import DEFAULT_ZONE

State = Appointment.State
# New values of columns.
type Changes = dict[str, Any]
# What a row is set back to when it gets another hour: the customer has yet to come.
AFRESH: Changes = {"arrived_at": None, "arrived_key_hash": ""}
# "The day before": an appointment agreed upon later than this needs no such reminder.
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Details:
    """What a customer says when booking; it has passed a form."""

    name: str
    email: str
    rfc: str
    legal_name: str
    program: str
    program_version: str
    about: str
    customer_zone: str = DEFAULT_ZONE


def hold_slot(*, service: Service, starts_at: datetime, hold_key: str, now: datetime) -> Appointment:
    """Keep an hour for a browser while its form is filled in; a browser holds one hour at a time.

    Raises SlotTaken with the nearest other hours.
    """
    if not hold_key:
        raise ValueError("An hour is held for somebody")
    with transaction.atomic():
        hold = _hold(service, starts_at, hold_key, now) if service.is_active else None
    if hold is None:
        own = held_by(hold_key=hold_key, now=now)
        raise SlotTaken(next_free(service=service, now=now, around=starts_at, own=own))
    return hold


def _hold(service: Service, starts_at: datetime, hold_key: str, now: datetime) -> Appointment | None:
    lock_agents()
    own = Appointment.objects.held().filter(hold_key=hold_key)
    mine = own.first()
    agents = agents_for(plan_of(service, now, without=mine.pk if mine else None), starts_at, now)
    ends_at = starts_at + service.slot
    clear_expired(starts_at, ends_at, now)

    def attempt(agent: int) -> Appointment:
        # Only together with the new one: a browser that fails to get another hour keeps what it has.
        own.delete()
        return Appointment.objects.create(
            folio=unused_folio("S", Appointment.objects.all()),
            service=service,
            agent_id=agent,
            starts_at=starts_at,
            ends_at=ends_at,
            hold_key=hold_key,
            held_until=now + settings.APPOINTMENT_HOLD,
            created_at=now,
        )

    return first_to_succeed(agents, attempt)


def held_by(*, hold_key: str, now: datetime) -> Appointment | None:
    """The hour that a browser holds and that nobody else can take yet."""
    return Appointment.objects.held().filter(hold_key=hold_key, held_until__gt=now).first()


def book(
    *, hold_key: str, client_id: UUID, details: Details, now: datetime, key_hash: str = ""
) -> Appointment:
    """Turn the hour that a browser holds into an appointment, and queue its confirmation.

    A `client_id` that came before returns the first row. A hold that expired is taken anew when its hour is
    still free. Raises HoldExpired, TooManyAppointments, and SlotTaken with the nearest other hours.
    """
    with transaction.atomic():
        lock_agents()
        known = Appointment.objects.filter(client_id=client_id).first()
        if known is not None:
            return known
        hold = Appointment.objects.held().filter(hold_key=hold_key).select_related("service").first()
        if hold is None:
            raise HoldExpired
        _check_live(details, now)
        is_booked = _book(hold, client_id, details, key_hash, now)
    if not is_booked:
        raise SlotTaken(next_free(service=hold.service, now=now, around=hold.starts_at, own=hold))
    return hold


def _book(hold: Appointment, client_id: UUID, details: Details, key_hash: str, now: datetime) -> bool:
    agents = _agents_for_hold(hold, now)

    def attempt(agent: int) -> bool:
        changes: Changes = asdict(details) | {"agent_id": agent, "client_id": client_id}
        changes |= _reminders_to_come(hold.starts_at, now)
        return move(appointment=hold, act=Act.BOOK, now=now, held_until=None, **changes)

    if not first_to_succeed(agents, attempt):
        return False
    if key_hash:
        admit(hold, key_hash)
    emails.queue_confirmed(hold, now)
    return True


def _agents_for_hold(hold: Appointment, now: datetime) -> list[int]:
    """Its own agent while it lasts and hours and shifts still allow it; else whoever is free now."""
    plan = plan_of(hold.service, now, without=hold.pk)
    is_kept = hold.held_until is not None and hold.held_until > now
    if is_kept and plan.fits(hold.agent_id, hold.starts_at, hold.ends_at):
        return [hold.agent_id]
    clear_expired(hold.starts_at, hold.ends_at, now, without=hold.pk)
    return agents_for(plan, hold.starts_at, now)


def reschedule(
    *,
    appointment: Appointment,
    starts_at: datetime,
    now: datetime,
    by: AbstractUser | None = None,
    reason: str = "",
) -> Appointment:
    """Give an appointment another hour, keeping the old one until the new one is taken, and mail it.

    `by` is the supervisor who does it, or None for the customer, who may do it three times; an hour that our
    own change made impossible is not counted. Raises NotBooked, TooLate, HasCome, TooManyMoves, and SlotTaken
    with the nearest other hours.
    """
    with transaction.atomic():
        lock_agents()
        row = lock_booked(appointment, now)
        if kept_hour(row, now) == starts_at:
            return row
        if row.arrived_at is not None:
            raise HasCome(HasCome.to_supervisors if by else "")
        is_counted = by is None and not is_hit(row, now)
        if is_counted and row.moves >= settings.APPOINTMENT_MOST_MOVES:
            raise TooManyMoves
        counted = {"moves": F("moves") + 1} if is_counted else {}
        is_moved = place(row, starts_at, now, act=Act.RESCHEDULE, by=by, reason=reason, **counted)
        if is_moved:
            emails.queue_changed(row, now)
    if not is_moved:
        raise SlotTaken(next_free(service=row.service, now=now, around=starts_at, own=row))
    return row


def moves_left(appointment: Appointment) -> int:
    """How often the customer may still change the hour."""
    return max(0, settings.APPOINTMENT_MOST_MOVES - appointment.moves)


def cancel(
    *,
    appointment: Appointment,
    now: datetime,
    by: AbstractUser | None = None,
    actor: AppointmentEvent.Actor | None = None,
    reason: str = "",
) -> Appointment:
    """Cancel an appointment and mail it.

    `by` is the supervisor who does it; without, it is the customer unless `actor` says that it is the clock.
    Raises NotBooked, or TooLate once it counts as missed.
    """
    with transaction.atomic():
        row = lock_booked(appointment, now)
        who: Changes = {"by": by, "actor": actor, "reason": reason}
        if not move(appointment=row, act=Act.CANCEL, now=now, **who, **cancelled(now)):
            raise NotBooked
        emails.queue_cancelled(row, now)
    return row


def cancelled(now: datetime) -> Changes:
    """What a row becomes when it is cancelled; its entry in a calendar changes once more."""
    return {"cancelled_at": now, "sequence": F("sequence") + 1}


def place(
    row: Appointment,
    starts_at: datetime,
    now: datetime,
    *,
    act: Act,
    by: AbstractUser | None,
    reason: str,
    **changes: Any,
) -> bool:
    """Move a locked row to another hour, its own agent's when free; False when nobody is.

    Supervisors need not keep the notice that customers must.
    """
    notice = None if by is None else now - now
    agents = agents_for(plan_of(row.service, now, without=row.pk, notice=notice), starts_at, now)
    agents.sort(key=lambda agent: agent != row.agent_id)
    ends_at = starts_at + row.service.slot
    clear_expired(starts_at, ends_at, now)
    hour = {"starts_at": starts_at, "ends_at": ends_at, "sequence": F("sequence") + 1}
    hour |= _reminders_to_come(starts_at, now)

    def attempt(agent: int) -> bool:
        fields: Changes = AFRESH | hour | changes | {"agent_id": agent}
        return move(appointment=row, act=act, now=now, by=by, reason=reason, **fields)

    return bool(first_to_succeed(agents, attempt))


def _reminders_to_come(starts_at: datetime, now: datetime) -> Changes:
    """Which reminders an hour agreed upon now has: one that would come right after that counts as made."""
    waits = {"reminded_day_at": DAY, "reminded_soon_at": settings.APPOINTMENT_REMINDER_SOON}
    return {mark: now if starts_at - now <= wait else None for mark, wait in waits.items()}


def lock_agents() -> None:
    """Hours are given one after another: everybody who gives one waits here for the others.

    Always the same rows in the same order and before any appointment's, so that nobody waits in a circle. In
    SQLite the transaction itself is the lock.
    """
    agents = get_user_model()._default_manager.filter(pk__in=Shift.objects.values("agent"))
    # Not the key: what only refers to an agent, such as a message, need not wait.
    list(agents.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def lock_booked(appointment: Appointment, now: datetime) -> Appointment:
    """The locked row of what will take place. Raises TooLate when it was missed, or else NotBooked."""
    row = Appointment.objects.lock(appointment.pk)
    is_over = row.is_overdue(now)
    # What our own change made impossible is not missed: the clock is about to cancel it.
    if row.state == State.MISSED or (is_over and fits(in_force(), row)):
        raise TooLate
    if is_over or not row.is_booked:
        raise NotBooked
    return row


def clear_expired(starts_at: datetime, ends_at: datetime, now: datetime, without: int | None = None) -> None:
    """Delete the expired holds that stand where somebody wants to book."""
    Appointment.objects.expired(now).filter(overlapping(starts_at, ends_at)).exclude(Q(pk=without)).delete()


def first_to_succeed[Result](agents: Iterable[int], attempt: Callable[[int], Result]) -> Result | None:
    """Attempt it with each agent until the database lets one have the hour; None when it lets nobody."""
    for agent in agents:
        with suppress(IntegrityError), transaction.atomic():
            return attempt(agent)
    return None


def admit(appointment: Appointment, key_hash: str) -> None:
    """Let a browser open an appointment."""
    AppointmentReader.objects.get_or_create(appointment=appointment, key_hash=key_hash)


def _check_live(details: Details, now: datetime) -> None:
    persons = [Q(email__iexact=details.email)]
    if details.rfc.upper() not in GENERIC_RFCS:
        persons.append(Q(rfc__iexact=details.rfc))
    to_come = Appointment.objects.booked().filter(starts_at__gt=now)
    for person in persons:
        if to_come.filter(person).count() >= settings.APPOINTMENT_MOST_LIVE:
            raise TooManyAppointments
