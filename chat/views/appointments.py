"""Booked support for customers: day, hour, data, and the page of one's own appointment.

Everything is pages and forms: what was typed travels along in hidden fields, so that no refusal loses it.
"""

from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import access
from chat.forms import BookingForm
from chat.views import visitors
from core.errors import RuleBroken
from core.limits import check_limit, client_address
from scheduling import services, zones
from scheduling.ics import CONTENT_TYPE, calendar_file, file_name
from scheduling.links import PARAMETER, appointment_of
from scheduling.models import Appointment, Service, Weekday
from scheduling.parsing import parse_hour
from scheduling.slots import Slot
from scheduling.wording import MONTHS, day_in_words, hour_in_words, tolerance_in_words

UNPROCESSABLE = 422
# What the data form asks for, by the names under which other pages send it.
KEPT = ("name", "email", "rfc", "legal_name", "program", "program_version", "about")


@never_cache
@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Day and hour. Other pages post what they know of the customer, which is kept for the data form."""
    now = timezone.now()
    if PARAMETER in request.GET:
        return _exchange(request, appointment_of(request.GET[PARAMETER], now), "chat:book", again=True)
    return _show_hours(request, now, kept=_kept(request))


@never_cache
@require_POST
def hold(request: HttpRequest) -> HttpResponse:
    """Keep the chosen hour for this browser while its form is filled in."""
    now = timezone.now()
    kept = _kept(request)
    service, starts_at = _service(request), parse_hour(request.POST.get("hora", ""))
    if service is None or starts_at is None:
        return redirect("chat:book")
    key = visitors.visitor_key(request) or access.new_visitor_key()
    try:
        check_limit("holds_per_address", client_address(request))
        held = services.hold_slot(
            service=service, starts_at=starts_at, hold_key=access.hash_key(key), now=now
        )
    except services.SlotTaken as broken:
        return _show_hours(request, now, kept=kept, notice=str(broken.text), nearest=broken.nearest)
    except RuleBroken as broken:
        return _show_hours(request, now, kept=kept, notice=str(broken.text))
    return visitors.remember(_show_data(request, now, held, BookingForm(initial=kept)), key)


@never_cache
@require_http_methods(["GET", "POST"])
def book(request: HttpRequest) -> HttpResponse:
    """Who comes, and what about: with that the held hour becomes an appointment."""
    now = timezone.now()
    key = visitors.visitor_key(request)
    hold_key = access.hash_key(key) if key else ""
    held = services.held_by(hold_key=hold_key, now=now)
    if request.method == "GET":
        return _show_data(request, now, held, BookingForm()) if held else redirect("chat:book")
    form = BookingForm(request.POST)
    if not form.is_valid():
        return _refused(request, now, held, form, services.HoldExpired())
    try:
        booked = _book(request, now, hold_key, form)
    except RuleBroken as broken:
        if not isinstance(broken, services.HoldExpired | services.SlotTaken):
            form.add_error(None, str(broken.text))
        return _refused(request, now, held if form.errors else None, form, broken)
    return redirect("chat:appointment", booked.folio)


def _book(request: HttpRequest, now: datetime, hold_key: str, form: BookingForm) -> Appointment:
    """Limited by sender and by receiver: the confirmation goes to an address that anybody may type."""
    for who in (client_address(request), form.cleaned_data["email"].lower()):
        check_limit("bookings_per_address", who)
    return services.book(
        hold_key=hold_key,
        client_id=form.cleaned_data["client_id"],
        details=form.details(_zone(request)),
        now=now,
        key_hash=hold_key,
    )


def _refused(
    request: HttpRequest, now: datetime, held: Appointment | None, form: BookingForm, broken: RuleBroken
) -> HttpResponse:
    """The form with what is wrong while the hour is held; else other hours, with everything kept."""
    if held is not None:
        return _show_data(request, now, held, form, status=UNPROCESSABLE)
    nearest = broken.nearest if isinstance(broken, services.SlotTaken) else None
    return _show_hours(request, now, kept=_kept(request), notice=str(broken.text), nearest=nearest)


@never_cache
@require_GET
def appointment(request: HttpRequest, folio: str) -> HttpResponse:
    """The customer's own appointment; from ten minutes before its hour, the door of the waiting room."""
    now = timezone.now()
    if PARAMETER in request.GET:
        return _exchange(request, appointment_of(request.GET[PARAMETER], now), "chat:appointment", folio)
    own = _own(request, folio)
    if own.arrived_at is not None and own.state == Appointment.State.ATTENDED:
        return redirect("chat:page")
    return _show_own(request, own, now)


@never_cache
@require_GET
def calendar_entry(request: HttpRequest, folio: str) -> HttpResponse:
    own = _own(request, folio)
    response = HttpResponse(calendar_file(own, timezone.now()), content_type=CONTENT_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{file_name(own)}"'
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def reschedule(request: HttpRequest, folio: str) -> HttpResponse:
    """Another hour for the same appointment; the old one is kept until the new one is taken."""
    now = timezone.now()
    own = _own(request, folio)
    starts_at = parse_hour(request.POST.get("hora", ""))
    if request.method == "GET" or starts_at is None:
        return _show_hours(request, now, own=own)
    try:
        services.reschedule(appointment=own, starts_at=starts_at, now=now)
    except services.SlotTaken as broken:
        return _show_hours(request, now, own=own, notice=str(broken.text), nearest=broken.nearest)
    except RuleBroken as broken:
        return _show_own(request, _own(request, folio), now, notice=str(broken.text), status=409)
    return redirect("chat:appointment", folio)


@never_cache
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, folio: str) -> HttpResponse:
    """Asks once (GET), then cancels (POST)."""
    now = timezone.now()
    own = _own(request, folio)
    if request.method == "GET":
        return _show_own(request, own, now, is_cancelling=True)
    try:
        services.cancel(appointment=own, now=now)
    except RuleBroken as broken:
        return _show_own(request, _own(request, folio), now, notice=str(broken.text), status=409)
    return redirect("chat:appointment", folio)


@never_cache
@require_POST
def enter(request: HttpRequest, folio: str) -> HttpResponse:
    """Into the waiting room: to be there early counts as being there."""
    now = timezone.now()
    own = _own(request, folio)
    key = visitors.visitor_key(request) or ""
    try:
        services.arrive(appointment=own, key_hash=access.hash_key(key), now=now)
    except RuleBroken as broken:
        return _show_own(request, _own(request, folio), now, notice=str(broken.text), status=409)
    return redirect("chat:appointment", folio)


def _exchange(
    request: HttpRequest, linked: Appointment | None, view: str, folio: str = "", *, again: bool = False
) -> HttpResponse:
    """A mailed link gives this browser the right to the appointment, and leaves no secret in its address."""
    if linked is None or (folio and linked.folio != folio):
        return render(request, "chat/link_expired.html", status=404)
    key = visitors.visitor_key(request) or access.new_visitor_key()
    services.admit(linked, access.hash_key(key))
    address = f"{reverse(view)}?de={linked.folio}" if again else reverse(view, args=[linked.folio])
    return visitors.remember(redirect(address), key)


def _own(request: HttpRequest, folio: str) -> Appointment:
    own = access.appointment_of_browser(visitors.visitor_key(request), folio)
    if own is None:
        raise Http404
    return own


def _kept(request: HttpRequest) -> dict[str, str]:
    """What is known of the customer: sent by another page, or by an earlier appointment of this browser."""
    kept = {name: request.POST[name] for name in KEPT if request.POST.get(name)}
    if request.POST.get("text"):
        kept.setdefault("about", request.POST["text"])
    earlier = access.appointment_of_browser(visitors.visitor_key(request), request.GET.get("de", ""))
    return kept or ({name: getattr(earlier, name) for name in KEPT} if earlier else {})


def _given(request: HttpRequest, name: str) -> str:
    return str(request.POST.get(name) or request.GET.get(name) or "")


def _service(request: HttpRequest) -> Service | None:
    offered = services.active_services()
    wanted = _given(request, "servicio")
    return next((service for service in offered if service.slug == wanted), next(iter(offered), None))


def _zone(request: HttpRequest) -> str:
    wanted = _given(request, "zona")
    return wanted if wanted in dict(zones.choices()) else zones.DEFAULT_ZONE


def _show_hours(
    request: HttpRequest,
    now: datetime,
    *,
    kept: dict[str, str] | None = None,
    own: Appointment | None = None,
    notice: str = "",
    nearest: list[Slot] | None = None,
) -> HttpResponse:
    service = own.service if own else _service(request)
    zone = _zone(request) if "zona" in {*request.GET, *request.POST} or own is None else own.customer_zone
    rooms = services.days_with_room(service=service, now=now) if service else {}
    day = _day(_given(request, "dia"), rooms)
    slots = services.free_slots(service=service, day=day, now=now) if service and day else []
    context = {
        "own": own,
        "notice": notice,
        "kept": kept or {},
        "services": services.active_services(),
        "service": service,
        "zones": zones.choices(),
        "zone": zone,
        "days": [_day_of(other, has_room) for other, has_room in rooms.items()],
        "day": day,
        "day_in_words": day_in_words(day) if day else "",
        "hours": [_hour(slot, zone) for slot in slots],
        "nearest": [_hour(slot, zone, now) for slot in nearest or []],
    }
    status = 409 if notice else 200
    return render(request, "chat/booking_hours.html", context, status=status)


def _day_of(day: date, has_room: bool) -> dict[str, Any]:
    return {
        "date": day,
        "has_room": has_room,
        "weekday": str(Weekday(day.weekday()).label)[:3],
        "month": str(MONTHS[day.month - 1])[:3],
    }


def _day(wanted: str, rooms: dict[date, bool]) -> date | None:
    """The chosen day, or the first that has room."""
    with_room = [day for day, has_room in rooms.items() if has_room]
    chosen = [day for day in with_room if day.isoformat() == wanted]
    return next(iter([*chosen, *with_room]), None)


def _hour(slot: Slot, zone: str, now: datetime | None = None) -> dict[str, Any]:
    is_other = zones.differ(zone, zones.DEFAULT_ZONE, slot.starts_at)
    return {
        "value": slot.starts_at.isoformat(),
        "ours": slot.starts_at,
        "theirs": f"{slot.starts_at.astimezone(zones.zone_of(zone)):%H:%M}" if is_other else "",
        "city": zones.city_of(zone),
        "words": hour_in_words(slot.starts_at, now, zone) if now else "",
    }


def _show_data(
    request: HttpRequest, now: datetime, held: Appointment, form: BookingForm, status: int = 200
) -> HttpResponse:
    zone = _zone(request)
    context = {
        "form": form,
        "held": held,
        "zone": zone,
        "hour": hour_in_words(held.starts_at, now, zone),
        "tolerance": tolerance_in_words(),
        "now": now,
    }
    return render(request, "chat/booking_data.html", context, status=status)


def _show_own(
    request: HttpRequest,
    own: Appointment,
    now: datetime,
    *,
    notice: str = "",
    is_cancelling: bool = False,
    status: int = 200,
) -> HttpResponse:
    is_missed = own.state == Appointment.State.MISSED or own.is_overdue(now)
    context = {
        "own": own,
        "hour": hour_in_words(own.starts_at, now, own.customer_zone),
        "tolerance": tolerance_in_words(),
        "is_missed": is_missed,
        "missed": str(services.TooLate().text),
        "may_change": own.is_booked and not is_missed and own.arrived_at is None,
        "may_enter": own.is_booked and not is_missed and own.opens_at <= now,
        "moves_left": services.moves_left(own),
        "notice": notice,
        "is_cancelling": is_cancelling and own.is_booked,
        "now": now,
        "waits": _("Ya está en la sala de espera.") if own.arrived_at else "",
    }
    return render(request, "chat/appointment.html", context, status=status)
