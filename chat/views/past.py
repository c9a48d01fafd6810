"""An ended chat, opened from the link in a mail: read only, with its files."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from chat import access, links, services
from chat.views import visitors


@never_cache
@require_GET
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Exchange the link for this browser's cookie; the secret leaves the address bar."""
    session = links.session_of(token)
    if session is None:
        return render(request, "chat/link_expired.html", status=410)
    key = visitors.visitor_key(request) or access.new_visitor_key()
    services.let_read(session=session, key_hash=access.hash_key(key), now=timezone.now())
    return visitors.remember(redirect("chat:past", session.folio), key)


@never_cache
@require_GET
def past(request: HttpRequest, folio: str) -> HttpResponse:
    session = access.past_chat(visitors.visitor(request), folio)
    if session is None:
        raise Http404
    lines = session.messages.for_customer().select_related("session", "agent", "attachment")
    return render(request, "chat/past.html", {"session": session, "lines": lines})
