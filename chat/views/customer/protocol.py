"""The protocol by plain HTTP, for browsers whose sockets are cut."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from chat import commands, events, readers, services
from chat.views import visitors
from chat.views.customer.changes import limit
from chat.views.customer.pages import UNPROCESSABLE
from core.errors import RuleBroken
from core.strict_json import loads_strict


@never_cache
@require_GET
def poll(request: HttpRequest) -> JsonResponse:
    """The frames that a socket would have sent since a number: for browsers whose sockets are cut."""
    now = timezone.now()
    session = visitors.chat(request, now)
    if session is None:
        return JsonResponse({"frames": []}, status=404)
    try:
        limit(session)
        after = commands.follow_from(request.GET.dict())
    except RuleBroken as broken:
        return JsonResponse(commands.error_frame(broken, {}), status=UNPROCESSABLE)
    frames = [*readers.lines_after(session.pk, after, for_staff=False), *readers.state_frames(session)]
    if (place := services.place_in_queue(session)) is not None:
        frames.append({"type": "queue.moved", "place": place})
    typing = events.TypingChanged(
        session=session.pk, side="agent", is_typing=services.is_typing(session, "agent")
    )
    return JsonResponse({"frames": [*frames, typing.frame()]})


@never_cache
@require_POST
def command(request: HttpRequest) -> JsonResponse:
    """One command of the protocol by plain HTTP."""
    now = timezone.now()
    session = visitors.chat(request, now)
    if session is None:
        return JsonResponse({"frames": []}, status=404)
    payload: dict[str, Any] = {}
    try:
        limit(session)
        payload = loads_strict(request.body, max_chars=32_768)
        asker = commands.Asker(session=session.pk, visitor=session.visitor_id)
        reply = commands.run_command(asker, payload, now)
    except RuleBroken as broken:
        reply = commands.error_frame(broken, payload)
    return JsonResponse({"frames": [reply] if reply else []})
