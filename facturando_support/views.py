"""The pages that belong to no room: the demo site, the customer guide, and errors."""

from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views import defaults
from django.views.decorators.http import require_GET

from chat.models import AGENTS_GROUP, SUPERVISORS_GROUP
from chat.views.customer import View, framed
from facturando_support.management.commands.demo import ACCOUNTS, PASSWORD
from scheduling.services import current_calendar
from scheduling.wording import weekly_hours_in_words


@require_GET
def demo(request: HttpRequest) -> HttpResponse:
    """A customer's site with the chat embedded by its one tag."""
    context = {"is_always_open": settings.HOURS == "open", "demo_accounts": _demo_accounts()}
    return render(request, "site/demo.html", context)


def _demo_accounts() -> dict[str, Any] | None:
    """Who can sign in to try the product; nobody outside development."""
    if not settings.DEBUG:
        return None
    agents = [username for username, *_person, group in ACCOUNTS if group == AGENTS_GROUP]
    supervisor = next(username for username, *_person, group in ACCOUNTS if group == SUPERVISORS_GROUP)
    return {"agents": agents, "supervisor": supervisor, "password": PASSWORD}


@require_GET
def guide(request: HttpRequest) -> HttpResponse:
    """The manual, with the hours and limits that are really in force."""
    context = {
        "hours": weekly_hours_in_words(current_calendar()),
        "tolerance_minutes": int(settings.APPOINTMENT_TOLERANCE.total_seconds() // 60),
        "warning_minutes": _minutes(settings.CHAT_INACTIVITY_WARNING),
        "end_minutes": _minutes(settings.CHAT_INACTIVITY_END),
        "max_megabytes": settings.CHAT_MAX_UPLOAD_BYTES // (1024 * 1024),
    }
    return render(request, "site/guide.html", context)


def _minutes(duration: timedelta) -> int:
    return int(duration.total_seconds() // 60)


def framed_in_chat(view: View) -> View:
    """An error among the chat's pages is read where they are: in the frame, also on somebody else's site."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        is_of_chat = request.path.startswith(reverse("chat:page"))
        return (framed(view) if is_of_chat else view)(request, *args, **kwargs)

    return wrapper


bad_request = framed_in_chat(defaults.bad_request)
not_found = framed_in_chat(defaults.page_not_found)
server_error = framed_in_chat(defaults.server_error)


@framed_in_chat
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  Django passes it
    """A form that came from elsewhere, or from a browser without cookies: what to do, and what was typed."""
    context = {"typed": request.POST.get("text", "")[: settings.CHAT_MAX_MESSAGE_CHARS]}
    return render(request, "site/csrf_failure.html", context, status=403)
