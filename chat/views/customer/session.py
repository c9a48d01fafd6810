"""The course of a chat: who asks, that somebody is still there, its end and what comes after it."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from chat import services
from chat.forms import IdentificationForm, RatingForm
from chat.models import ChatSession
from chat.views import visitors
from chat.views.customer.changes import in_chat, typed_text
from chat.views.customer.pages import UNPROCESSABLE, framed, show
from core.limits import check_limit


@in_chat
def identify(request: HttpRequest, session: ChatSession, now: datetime) -> HttpResponse | None:
    form = IdentificationForm(request.POST)
    if not form.is_valid():
        return show(request, now, identification_form=form, draft=typed_text(request), status=UNPROCESSABLE)
    services.identify(session=session, identification=services.Identification(**form.cleaned_data), now=now)
    return None


@in_chat
def stay(_request: HttpRequest, session: ChatSession, now: datetime) -> None:
    services.stay(session=session, now=now)


@framed
@require_http_methods(["GET", "POST"])
def end(request: HttpRequest) -> HttpResponse:
    """«Finalizar este chat» asks once (GET), then ends (POST)."""
    now = timezone.now()
    session = visitors.chat(request, now)
    if session is None or session.is_ended:
        return redirect("chat:page")
    if request.method == "GET":
        return show(request, now, is_ending=True)
    services.end_chat(session=session, reason=ChatSession.EndReason.CUSTOMER, now=now)
    return redirect("chat:page")


@in_chat
def rate(request: HttpRequest, session: ChatSession, now: datetime) -> HttpResponse | None:
    form = RatingForm(request.POST)
    if not form.is_valid():
        return show(request, now, rating_form=form, status=UNPROCESSABLE)
    services.rate(session=session, **form.cleaned_data)
    return show(request, now, notice=_("Gracias por su opinión."))


@in_chat
def send_transcript(request: HttpRequest, session: ChatSession, now: datetime) -> HttpResponse:
    check_limit("transcripts_per_visitor", str(session.visitor_id))
    services.send_transcript(session=session)
    return show(request, now, notice=_("Le enviamos la conversación a %s.") % session.email)


@in_chat
def put_away(_request: HttpRequest, session: ChatSession, now: datetime) -> None:
    services.put_away(session=session, now=now)
