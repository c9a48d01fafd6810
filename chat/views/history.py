"""Older lines of a chat, as fragments: what comes before a number that a page already shows."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from chat import access, history
from chat.models import ChatSession
from chat.views import visitors
from chat.views.console import AgentRequest, chat_or_404, for_agents


@never_cache
@require_GET
def customer_lines(request: HttpRequest, folio: str) -> HttpResponse:
    """Of a chat of this browser: the one it sees, or an ended one whose page is still open."""
    ended = access.own_ended_chat(visitors.visitor_key(request), folio)
    session = ended or visitors.chat(request, timezone.now())
    if session is None or session.folio != folio:
        raise Http404
    return _show(request, session, for_staff=False)


@for_agents
@require_GET
def staff_lines(request: AgentRequest, folio: str) -> HttpResponse:
    """Of a chat that the agent may read, notes included."""
    return _show(request, chat_or_404(request, folio), for_staff=True)


def _show(request: HttpRequest, session: ChatSession, *, for_staff: bool) -> HttpResponse:
    number = history.asked_before(request.GET)
    if number is None:
        raise Http404
    portion = history.before(session, number, for_staff=for_staff)
    context = {"session": session, "portion": portion, "lines": portion.lines, "for_staff": for_staff}
    return render(request, "chat/_older_lines.html", context)
