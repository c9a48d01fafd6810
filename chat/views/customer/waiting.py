"""While nobody can attend: waiting on, leaving a message, taking an hour instead."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from chat import services
from chat.forms import OfferedHourForm
from chat.models import ChatSession
from chat.views import visitors
from chat.views.customer.changes import in_chat
from chat.views.customer.pages import UNPROCESSABLE, framed, show
from core.errors import RuleBroken
from core.limits import check_limit, client_address
from offline_messages.forms import OfflineMessageForm
from offline_messages.services import check_message_limits, leave_message


@in_chat
def keep_waiting(_request: HttpRequest, session: ChatSession, now: datetime) -> None:
    services.keep_waiting(session=session, now=now)


@in_chat
def leave_waiting(_request: HttpRequest, session: ChatSession, now: datetime) -> None:
    services.leave_as_message(session=session, reason=ChatSession.EndReason.LEFT_MESSAGE, now=now)


@in_chat
def book_offered(request: HttpRequest, session: ChatSession, now: datetime) -> None:
    """One of the hours that the agent offers."""
    form = OfferedHourForm(request.POST)
    if not form.is_valid():
        raise services.OfferGone
    for who in (client_address(request), session.email.lower()):
        check_limit("bookings_per_address", who)
    services.book_offered(
        session=session,
        starts_at=form.cleaned_data["hora"].replace(tzinfo=UTC),
        client_id=form.cleaned_data["cita"],
        now=now,
    )


@in_chat
def decline_offered(_request: HttpRequest, session: ChatSession, now: datetime) -> None:
    services.decline_offered(session=session, now=now)


@framed
@require_http_methods(["GET", "POST"])
def offline(request: HttpRequest) -> HttpResponse:
    """«Dejar mensaje», inside the chat's frame. Posting the same form again changes nothing."""
    if request.method == "GET":
        return redirect("chat:page")
    now = timezone.now()
    form = OfflineMessageForm(request.POST)
    if not form.is_valid():
        return show(request, now, offline_form=form, status=UNPROCESSABLE)
    try:
        check_message_limits(client_address(request), form.cleaned_data["email"])
        left = leave_message(**form.cleaned_data, now=now)
    except RuleBroken as broken:
        form.refuse(broken)
        return show(request, now, offline_form=form, status=UNPROCESSABLE)
    _put_away_ended(request, now)
    return show(request, now, left_message=left)


def _put_away_ended(request: HttpRequest, now: datetime) -> None:
    """What was left unsent of an ended chat is now a message: the page may start anew."""
    session = visitors.chat(request, now)
    if session is not None and session.is_ended:
        services.put_away(session=session, now=now)
