"""What the customer says and sends."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from chat import commands, files, services
from chat.forms import ComposerForm, first_sentence
from chat.models import ChatSession, Message
from chat.views.customer.changes import in_chat, post_line, wants_json
from core.limits import check_limit


@in_chat
def send(request: HttpRequest, session: ChatSession, now: datetime) -> HttpResponse | None:
    """A line, a file, or both; the same ids again change nothing."""
    form = ComposerForm(request.POST, request.FILES)
    if not form.is_valid():
        raise commands.BadPayload(first_sentence(form))
    data = form.cleaned_data
    stored = [*_post_file(session, data, now), *_post_text(session, data, now)]
    if wants_json(request):
        return JsonResponse(commands.stored_frame(stored[0], for_staff=False))
    return None


def _post_text(session: ChatSession, data: dict[str, Any], now: datetime) -> list[Message]:
    if not data["text"]:
        return []
    return [post_line(session, services.Draft(text=data["text"], client_id=data["client_id"]), now)]


def _post_file(session: ChatSession, data: dict[str, Any], now: datetime) -> list[Message]:
    if not data["file"]:
        return []
    check_limit("uploads_per_visitor", str(session.visitor_id))
    checked = files.check_file(data["file"])
    client_id = data["file_client_id"] or data["client_id"]
    return [
        services.post_file(
            session=session, author=services.Author(), checked=checked, client_id=client_id, now=now
        )
    ]
