"""What the booking pages show: days and hours, the held hour, and the stages of one's own appointment."""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from chat.models import ChatSession
from scheduling import services, zones
from scheduling.models import Appointment, Service, Weekday
from scheduling.slots import Slot
from scheduling.wording import MONTHS, day_in_words, hour_in_words, tolerance_in_words

# Without scripts the page is read again by itself: often enough for who waits, seldom enough to read it.
SELDOM_SECONDS, OFTEN_SECONDS = 60, 5
# Further ahead nobody leaves the page open for the hour.
WATCHED_AHEAD = timedelta(days=1)
# Before the customer has come.
TO_COME = {"early", "open", "tolerance"}


def hours_page(
    *,
    service: Service | None,
    wanted_day: date | None,
    zone: str,
    nearest: list[Slot],
    now: datetime,
    own: Appointment | None = None,
) -> dict[str, Any]:
    """Days, and the hours of the wanted one or of the first that has room.

    `own` is the appointment that is changed, or the hour that this browser holds: it is in nobody's way here.
    """
    rooms = services.days_with_room(service=service, now=now, own=own) if service else {}
    day = _day(wanted_day, rooms)
    slots = services.free_slots(service=service, day=day, now=now, own=own) if service and day else []
    kept = services.kept_hour(own, now) if own else None
    return {
        "services": services.active_services(),
        "service": service,
        "zones": zones.choices(),
        "zone": zone,
        "days": [_day_of(other, has_room) for other, has_room in rooms.items()],
        "day": day,
        "day_in_words": day_in_words(day) if day else "",
        "hours": [_hour(slot, zone) | _own_marks(slot, kept, own) for slot in slots],
        "current": hour_in_words(kept, now, zone) if kept else "",
        "nearest": [_hour(slot, zone, now) for slot in nearest],
    }


def _day(wanted: date | None, rooms: dict[date, bool]) -> date | None:
    """The wanted day if it has room, or the first that has."""
    with_room = [day for day, has_room in rooms.items() if has_room]
    return wanted if wanted in with_room else next(iter(with_room), None)


def _day_of(day: date, has_room: bool) -> dict[str, Any]:
    return {
        "date": day,
        "has_room": has_room,
        "weekday": str(Weekday(day.weekday()).label)[:3],
        "month": str(MONTHS[day.month - 1])[:3],
    }


def _hour(slot: Slot, zone: str, now: datetime | None = None) -> dict[str, Any]:
    is_other = zones.differ(zone, zones.DEFAULT_ZONE, slot.starts_at)
    return {
        "value": slot.starts_at.isoformat(),
        "ours": slot.starts_at,
        "theirs": f"{slot.starts_at.astimezone(zones.zone_of(zone)):%H:%M}" if is_other else "",
        "city": zones.city_of(zone),
        "words": hour_in_words(slot.starts_at, now, zone) if now else "",
    }


def _own_marks(slot: Slot, kept: datetime | None, own: Appointment | None) -> dict[str, bool]:
    """Whether an hour is the one that is changed, and not to be chosen, or the one that is held."""
    is_held = own is not None and not own.is_booked and slot.starts_at == own.starts_at
    return {"is_current": slot.starts_at == kept, "is_held": is_held}


def data_page(held: Appointment, zone: str, now: datetime) -> dict[str, Any]:
    """The hour that is kept while the data is typed."""
    return {
        "held": held,
        "zone": zone,
        "hour": hour_in_words(held.starts_at, now, zone),
        "held_until": _time(held.held_until or now, zone),
        "tolerance": tolerance_in_words(),
        "now": now,
    }


def own_page(own: Appointment, now: datetime, key_hash: str) -> dict[str, Any]:
    """One's own appointment, as the browser with `key_hash` sees it."""
    stage = stage_of(own, now, key_hash)
    until = _next_step(own, stage, now)
    zone = own.customer_zone
    return {
        "own": own,
        "stage": stage,
        "hour": hour_in_words(own.starts_at, now, zone),
        "opens": _time(own.opens_at, zone),
        "starts": _time(own.starts_at, zone),
        "ends": _time(own.tolerance_ends_at, zone),
        "until": until,
        "refresh_seconds": _refresh_seconds(stage, until, now),
        "tolerance": tolerance_in_words(),
        "missed": str(services.TooLate().text),
        "is_to_come": stage in TO_COME,
        "may_cancel": stage in TO_COME | {"hit"},
        "moves_left": services.moves_left(own),
        "now": now,
    }


def stage_of(own: Appointment, now: datetime, key_hash: str) -> str:
    """early, open, tolerance, waiting, elsewhere, beginning, begun, attended, missed, cancelled or hit.

    "hit" is by a change of our own; "begun" and "elsewhere": the chat is, or will be, in another browser.
    """
    if services.is_hit(own, now):
        # Once its tolerance is over the clock cancels it.
        return "cancelled" if own.is_overdue(now) else "hit"
    if own.is_overdue(now):
        return "missed"
    if ChatSession.objects.open().filter(appointment=own).exists():
        return "begun"
    if not own.is_booked:
        return own.state
    return _stage_before(own, now) if own.arrived_at is None else _stage_of_waiting(own, now, key_hash)


def _stage_before(own: Appointment, now: datetime) -> str:
    if now < own.opens_at:
        return "early"
    return "open" if now < own.starts_at else "tolerance"


def _stage_of_waiting(own: Appointment, now: datetime, key_hash: str) -> str:
    if own.arrived_key_hash != key_hash:
        return "elsewhere"
    return "waiting" if now < own.starts_at else "beginning"


def _next_step(own: Appointment, stage: str, now: datetime) -> datetime | None:
    """When the page will say something else by itself; None when only an agent's act changes it."""
    steps = {"early": own.opens_at, "tolerance": own.tolerance_ends_at}
    step = steps.get(stage, own.starts_at)
    is_counted = stage in TO_COME | {"waiting", "elsewhere"}
    return step if is_counted and now <= step else None


def _refresh_seconds(stage: str, until: datetime | None, now: datetime) -> int | None:
    """After how long a page without scripts is read again; None when nothing will come of it."""
    if until is None:
        return OFTEN_SECONDS if stage in {"beginning", "elsewhere"} else None
    left = until - now
    # A second more: at its last instant the old step still stands.
    seconds = int(left.total_seconds()) + 1
    if stage == "early":
        return seconds if left < WATCHED_AHEAD else None
    return max(OFTEN_SECONDS, min(seconds, SELDOM_SECONDS))


def _time(instant: datetime, zone: str) -> str:
    """ "09:50" by the customer's clock, with the city whose clock it is unless that is Mexico City's."""
    time = f"{instant.astimezone(zones.zone_of(zone)):%H:%M}"
    if not zones.differ(zone, zones.DEFAULT_ZONE, instant):
        return time
    return _("%(time)s (hora de %(city)s)") % {"time": time, "city": zones.city_of(zone)}
