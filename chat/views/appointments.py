"""Booked support for customers: day, hour, data, and the page of one's own appointment.

Everything is pages and forms: what was typed travels along in hidden fields, so that no refusal loses it.
"""

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import access
from chat.appointment_pages import data_page, hours_page, own_page
from chat.forms import BookingForm
from chat.views import visitors
from core.errors import RuleBroken
from core.limits import check_limit, client_address
from scheduling import services, zones
from scheduling.ics import CONTENT_TYPE, calendar_file, file_name
from scheduling.links import GOOD_AFTER_END, PARAMETER, appointment_of
from scheduling.models import Appointment, Service
from scheduling.parsing import parse_day, parse_hour
from scheduling.slots import Slot

UNPROCESSABLE = 422
# What the data form asks for, by the names under which other pages send it.
KEPT = ("name", "email", "rfc", "legal_name", "program", "program_version", "about")
# The states in which the chat of an appointment is where its customer should be.
TAKES_PLACE = {Appointment.State.BOOKED, Appointment.State.ATTENDED}


# The chat framed by another site posts here into a tab of its own, where the cookie that would show the form
# to be ours does not exist: browsers keep it for frames on that site alone. It only shows hours, and what was
# posted: nothing that somebody else's form could do to the customer.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Day and hour. Other pages post what they know of the customer, which is kept for the data form."""
    now = timezone.now()
    if PARAMETER in request.GET:
        return _exchange(request, appointment_of(request.GET[PARAMETER], now), "chat:book", again=True)
    earlier = _mine(request, request.GET.get("de", ""))
    return _show_hours(request, now, kept=_kept(request, earlier), zone=_zone(request, earlier))


@never_cache
@require_POST
def hold(request: HttpRequest) -> HttpResponse:
    """Keep the chosen hour for this browser while its form is filled in."""
    now = timezone.now()
    kept = _kept(request)
    service, starts_at = _service(request), parse_hour(request.POST.get("hora", ""))
    if service is None or starts_at is None:
        return _show_hours(request, now, kept=kept)
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
    if key is None:
        return _without_cookie(request, now)
    hold_key = access.hash_key(key)
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


def _without_cookie(request: HttpRequest, now: datetime) -> HttpResponse:
    """An hour is held for a browser, and this one does not say which it is."""
    if request.method == "GET":
        return redirect("chat:book")
    return _show_hours(request, now, kept=_kept(request), notice=visitors.no_cookies())


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
    """The customer's own appointment; from ten minutes before its hour, the waiting room of its chat."""
    now = timezone.now()
    if PARAMETER in request.GET:
        return _exchange(request, appointment_of(request.GET[PARAMETER], now), "chat:appointment", folio)
    # First, since closing time may end it here and the appointment with it.
    session = visitors.chat(request, now)
    own = _own(request, folio)
    if session is not None and session.appointment_id == own.pk and own.state in TAKES_PLACE:
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
    if starts_at is None:
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
    """Into the waiting room: to be there early counts as being there. Again from another browser, the chat
    will be in that one."""
    now = timezone.now()
    own = _own(request, folio)
    try:
        services.arrive(appointment=own, key_hash=_key_hash(request), now=now)
    except RuleBroken as broken:
        return _show_own(request, _own(request, folio), now, notice=str(broken.text), status=409)
    return redirect("chat:appointment", folio)


def _exchange(
    request: HttpRequest, linked: Appointment | None, view: str, folio: str = "", *, again: bool = False
) -> HttpResponse:
    """A mailed link gives this browser the right to the appointment, and leaves no secret in its address."""
    if linked is None or (folio and linked.folio != folio):
        return render(request, "chat/link_expired.html", {"good_days": GOOD_AFTER_END.days}, status=404)
    key = visitors.visitor_key(request) or access.new_visitor_key()
    services.admit(linked, access.hash_key(key))
    address = f"{reverse(view)}?de={linked.folio}" if again else reverse(view, args=[linked.folio])
    return visitors.remember(redirect(address), key)


def _own(request: HttpRequest, folio: str) -> Appointment:
    own = _mine(request, folio)
    if own is None:
        raise Http404
    return own


def _mine(request: HttpRequest, folio: str) -> Appointment | None:
    """The appointment if this browser may open it."""
    # PostgreSQL refuses a text with NUL with an exception, and a made-up address would be an error page.
    if "\0" in folio:
        return None
    return access.appointment_of_browser(visitors.visitor_key(request), folio)


def _key_hash(request: HttpRequest) -> str:
    return access.hash_key(visitors.visitor_key(request) or "")


def _kept(request: HttpRequest, earlier: Appointment | None = None) -> dict[str, str]:
    """What is known of the customer: sent by another page, or by an earlier appointment of this browser."""
    kept = {name: request.POST[name] for name in KEPT if request.POST.get(name)}
    if request.POST.get("text"):
        kept.setdefault("about", request.POST["text"])
    return kept or ({name: getattr(earlier, name) for name in KEPT} if earlier else {})


def _given(request: HttpRequest, name: str) -> str:
    return str(request.POST.get(name) or request.GET.get(name) or "")


def _service(request: HttpRequest) -> Service | None:
    offered = services.active_services()
    wanted = _given(request, "servicio")
    return next((service for service in offered if service.slug == wanted), next(iter(offered), None))


def _zone(request: HttpRequest, known: Appointment | None = None) -> str:
    """The chosen zone, or that of an appointment of the same customer."""
    wanted = _given(request, "zona")
    if wanted in dict(zones.choices()):
        return wanted
    return known.customer_zone if known else zones.DEFAULT_ZONE


def _show_hours(
    request: HttpRequest,
    now: datetime,
    *,
    kept: dict[str, str] | None = None,
    zone: str = "",
    own: Appointment | None = None,
    notice: str = "",
    nearest: list[Slot] | None = None,
) -> HttpResponse:
    context = hours_page(
        service=own.service if own else _service(request),
        wanted_day=parse_day(_given(request, "dia")),
        zone=zone or _zone(request, own),
        nearest=nearest or [],
        now=now,
        own=own or services.held_by(hold_key=_key_hash(request), now=now),
    )
    context |= {"own": own, "notice": notice, "kept": kept or {}}
    return render(request, "chat/booking_hours.html", context, status=409 if notice else 200)


def _show_data(
    request: HttpRequest, now: datetime, held: Appointment, form: BookingForm, status: int = 200
) -> HttpResponse:
    context = data_page(held, _zone(request), now) | {"form": form}
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
    context = own_page(own, now, _key_hash(request))
    context |= {"notice": notice, "is_cancelling": is_cancelling and context["may_cancel"]}
    return render(request, "chat/appointment.html", context, status=status)
