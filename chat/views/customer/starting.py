"""The two steps that open a chat."""

import uuid
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from chat import access, services
from chat.forms import FirstMessageForm, StartForm
from chat.models import ChatSession
from chat.views import visitors
from chat.views.customer.pages import UNPROCESSABLE, framed, show
from core.errors import RuleBroken
from core.limits import check_limit, client_address


@framed
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Step one gives the message; step two gives who writes, and opens the chat."""
    if request.method == "GET":
        return redirect("chat:page")
    now = timezone.now()
    key = visitors.visitor_key(request)
    if key is None:
        draft = request.POST.get("text", "")
        return show(request, now, notice=visitors.no_cookies(), draft=draft, status=UNPROCESSABLE)
    if "name" not in request.POST:
        return _ask_who(request, now)
    form = StartForm(request.POST)
    if not form.is_valid():
        return _show_start(request, now, form, status=UNPROCESSABLE)
    try:
        _open_chat(request, key, form, now)
    except services.TooManyChats as broken:
        draft = form.cleaned_data["text"]
        return show(request, now, notice=str(broken.text), draft=draft, status=UNPROCESSABLE)
    except RuleBroken as broken:
        return _show_start(request, now, form, notice=str(broken.text), status=UNPROCESSABLE)
    return visitors.remember(redirect("chat:page"), key)


def _ask_who(request: HttpRequest, now: datetime) -> HttpResponse:
    form = FirstMessageForm(request.POST)
    if not form.is_valid():
        typed = {"text": request.POST.get("text", "")}
        return show(request, now, first_form=form, typed=typed, status=UNPROCESSABLE)
    initial = {"text": form.cleaned_data["text"], "page_url": request.POST.get("page_url", "")}
    return _show_start(request, now, StartForm(initial=initial | {"client_id": uuid.uuid4()}))


def _show_start(request: HttpRequest, now: datetime, form: StartForm, **changes: Any) -> HttpResponse:
    """Step two; or, when support closed meanwhile, the message form with all that was typed."""
    typed = {name: form[name].value() for name in ("name", "email", "text")}
    return show(request, now, start_form=form, typed=typed, **changes)


def _open_chat(request: HttpRequest, key: str, form: StartForm, now: datetime) -> ChatSession:
    check_limit("chats_per_address", client_address(request))
    start = services.ChatStart(**form.cleaned_data)
    return services.start_chat(key_hash=access.hash_key(key), start=start, now=now)
