"""The one script a site embeds."""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from chat.texts import widget_texts
from scheduling.services import current_calendar


@cache_control(public=True, max_age=60)
@vary_on_headers("Host")
@require_GET
def script(request: HttpRequest) -> HttpResponse:
    """ES5, so that Internet Explorer 11 runs it; whether it is open now rides along, to save a request.

    The frame asks again when it opens: what this script says is only how the bar looks.
    """
    origin = _origin(request)
    settings_of_page = {
        "origin": origin,
        "chat": origin + reverse("chat:page"),
        "isOpen": current_calendar().is_open(timezone.now()),
        "texts": widget_texts(),
    }
    context = {"settings_json": json.dumps(settings_of_page)}
    return render(request, "chat/widget.js", context, content_type="text/javascript; charset=utf-8")


def _origin(request: HttpRequest) -> str:
    """The public origin that the script came from; a page of that origin could frame the chat at no other."""
    asked = f"{request.scheme}://{request.get_host()}"
    return asked if asked in settings.PUBLIC_ORIGINS else str(settings.PUBLIC_URL)
