"""How a form changes this browser's chat, and what is shown when a rule refuses it."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from chat import commands, services
from chat.forms import MessageForm, RatingForm, first_sentence
from chat.models import ChatSession, Message
from chat.views import visitors
from chat.views.customer.pages import UNPROCESSABLE, View, framed, show
from core.errors import RuleBroken
from core.limits import check_limit

type Change = Callable[[HttpRequest, ChatSession, datetime], HttpResponse | None]


def in_chat(view: Change) -> View:
    """A change to this browser's chat: POST, load with the access check, change, back to the chat.

    What a rule refuses is shown on the chat's own page with what was typed.
    """

    @wraps(view)
    def wrapper(request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        session = visitors.chat_of_form(request, now)
        if session is None:
            return _without_chat(request, now)
        try:
            limit(session)
            return view(request, session, now) or _back(request, now)
        except RuleBroken as broken:
            return _refused(request, now, broken)

    return framed(require_POST(wrapper))


def limit(session: ChatSession) -> None:
    check_limit("requests_per_visitor", str(session.visitor_id))


def _without_chat(request: HttpRequest, now: datetime) -> HttpResponse:
    """The cookie is gone: nothing was stored, and what was typed stays."""
    if wants_json(request):
        return JsonResponse(commands.error_frame(services.NoChat(), request.POST.dict()), status=404)
    if text := request.POST.get("text", ""):
        return show(request, now, draft=text, typed={"text": text}, notice=str(services.NoChat.text))
    return redirect("chat:page")


def _back(request: HttpRequest, now: datetime) -> HttpResponse:
    """To the chat; what was refused before, such as a line before the identification, is sent now.

    Pages without scripts carry it from form to form; scripts keep it themselves.
    """
    draft = request.POST.get("draft", "")
    session = visitors.chat(request, now)
    if not draft or session is None:
        return redirect("chat:page")
    form = MessageForm({"text": draft, "client_id": request.POST.get("draft_client_id")})
    try:
        if not form.is_valid():
            raise commands.BadPayload(first_sentence(form))
        post_line(session, services.Draft(**form.cleaned_data), now)
    except RuleBroken as broken:
        return _refused(request, now, broken)
    return redirect("chat:page")


def _refused(request: HttpRequest, now: datetime, broken: RuleBroken) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(commands.error_frame(broken, request.POST.dict()), status=UNPROCESSABLE)
    typed = request.POST
    changes: dict[str, Any] = {"rating_form": RatingForm(typed)} if "comment" in typed else {}
    notice = str(broken.text)
    return show(request, now, notice=notice, draft=typed_text(request), status=UNPROCESSABLE, **changes)


def typed_text(request: HttpRequest) -> str:
    return request.POST.get("text") or request.POST.get("draft", "")


def post_line(session: ChatSession, draft: services.Draft, now: datetime) -> Message:
    check_limit("messages_per_visitor", str(session.visitor_id))
    return services.post_message(session=session, author=services.Author(), draft=draft, now=now)


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")
