"""The chat's page as it stands, and the lines alone for browsers without scripts."""

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET

from chat import access, history, services
from chat.pages import customer_page
from chat.views import visitors
from offline_messages.forms import OfflineMessageForm

UNPROCESSABLE = 422
type View = Callable[..., HttpResponse]


def framed(view: View) -> View:
    """A page of the widget's frame: fresh each time, and framed by the sites named in the settings alone."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs)

    return never_cache(xframe_options_exempt(csp_override(settings.FRAMED_CSP)(wrapper)))


@framed
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The chat of this browser, in whatever state it is."""
    response = show(request, timezone.now(), before=history.asked_before(request.GET))
    key = visitors.visitor_key(request) or access.new_visitor_key()
    return visitors.remember(response, key)


@framed
@require_GET
def conversation(request: HttpRequest) -> HttpResponse:
    """The lines alone, in a page that refreshes itself: the live part for browsers without scripts.

    It sits in a frame beside the composer, so that refreshing never touches what is being typed.
    """
    now = timezone.now()
    session = visitors.chat(request, now)
    before = history.asked_before(request.GET)
    # Who reads back has seen the newest lines, or has not been there yet.
    if session is not None and before is None:
        newest = session.last_number
        session = services.move_marks(
            session=session, author=services.Author(), delivered=newest, read=newest, now=now
        )
    shown = request.GET.get("estado", "")
    context = customer_page(session, now, before)
    # Internet Explorer cannot scroll what is laid out from its end; elsewhere a jump would move the page
    # around the frame as well.
    context["jumps"] = request.GET.get("salto") == "1"
    context["shown"] = shown
    context["has_moved"] = session is not None and context["stage_key"] != shown
    return render(request, "chat/conversation.html", context)


def show(
    request: HttpRequest,
    now: datetime,
    status: int = 200,
    typed: dict[str, Any] | None = None,
    before: int | None = None,
    **changes: Any,
) -> HttpResponse:
    """The chat's page as it stands now, with refused forms, a notice or a draft put into it.

    `typed` is what goes into the form for a message when it is closed; `before`, a line whose older ones are
    shown.
    """
    context = customer_page(visitors.chat_of_form(request, now), now, before) | changes
    if typed and not context["is_open"]:
        context["offline_form"] = OfflineMessageForm(initial={**typed, "client_id": uuid.uuid4()})
    return render(request, "chat/page.html", context, status=status)
