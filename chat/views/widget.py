"""The one script a site embeds."""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from chat.texts import widget_texts
from scheduling.services import current_calendar


@cache_control(public=True, max_age=60)
@require_GET
def script(request: HttpRequest) -> HttpResponse:
    """ES5, so that Internet Explorer 11 runs it; whether it is open now rides along, to save a request.

    The frame asks again when it opens: what this script says is only how the bar looks.
    """
    settings_of_page = {
        "origin": settings.PUBLIC_URL,
        "chat": settings.PUBLIC_URL + reverse("chat:page"),
        "isOpen": current_calendar().is_open(timezone.now()),
        "texts": widget_texts(),
    }
    context = {"settings_json": json.dumps(settings_of_page)}
    return render(request, "chat/widget.js", context, content_type="text/javascript; charset=utf-8")
