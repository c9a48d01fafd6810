"""Which visitor a request comes from, and giving a browser its cookie."""

from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from chat import access, services
from chat.models import ChatSession, Visitor
from core import trace

# Long enough to come back for the transcript and the answer; renewed with each visit to the chat.
COOKIE_AGE = timedelta(days=60)


def visitor_key(request: HttpRequest) -> str | None:
    return access.key_from_cookie(request.COOKIES.get(access.COOKIE_NAME, ""))


def visitor(request: HttpRequest) -> Visitor | None:
    return access.visitor_of(visitor_key(request))


def chat(request: HttpRequest, now: datetime) -> ChatSession | None:
    """The chat that this browser may see; with the clock late, silence and closing time end it here."""
    session = access.chat_of(visitor_key(request), now)
    if session is not None and services.enforce(session, now):
        session = access.chat_of(visitor_key(request), now)
    trace.folio.set(session.folio if session else "")
    return session


def chat_of_form(request: HttpRequest, now: datetime) -> ChatSession | None:
    """The chat that a form is about: the ended one that it names, or the one that this browser sees."""
    named = access.own_ended_chat(visitor_key(request), request.POST.get("chat", ""))
    return named or chat(request, now)


def remember(response: HttpResponse, key: str) -> HttpResponse:
    """Give the browser its key: HttpOnly, and on other sites' pages only when embedding is configured."""
    response.set_cookie(
        access.COOKIE_NAME,
        access.sign_key(key),
        max_age=COOKIE_AGE,
        path="/",
        httponly=True,
        secure=settings.IS_HTTPS,
        samesite="None" if settings.EMBED_ORIGINS else "Lax",
    )
    return response


def no_cookies() -> str:
    """What to do for a browser that did not keep its key."""
    return _(
        "Su navegador no aceptó la cookie del chat, y sin ella no podemos guardar lo que escribe. "
        "Permita las cookies de este sitio y envíelo otra vez."
    )
