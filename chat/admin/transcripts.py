"""Chats as supervisors read them afterwards: whole, searchable, and closed to any change."""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Any, override

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.models import Agent, ChatSession, Message
from core.admin import ReadOnlyAdmin, short_instant
from core.fields import RfcField

# Each word costs a look into every message; a longer search finds nothing that ten words do not.
MOST_WORDS = 10
MOST_CHARS = 300
# Shorter pieces of an RFC are too common to be looked for across spaces and hyphens.
SHORTEST_RFC_PIECE = 4
_SEARCHED = ["folio", "name", "email", "rfc", "legal_name", "offline_message__folio"]
_ACCENTED = {"a": "aáàäâ", "e": "eéèëê", "i": "iíìïî", "o": "oóòöô", "u": "uúùüû", "n": "nñ", "c": "cç"}


class AgentFilter(admin.RelatedFieldListFilter):
    """Agents by the name that customers see, disabled ones included: their chats are still there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.empty_value_display = format_html("{}", _("Nadie lo atendió"))

    @override
    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [(agent.pk, agent.shown_name) for agent in Agent.objects.order_by("first_name", "username")]


class ProgramFilter(admin.RelatedFieldListFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.empty_value_display = format_html("{}", _("Sin identificar"))


@admin.register(ChatSession)
class TranscriptAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    list_display = [
        "folio",
        "customer",
        "subject",
        "agent_name",
        "state_and_reason",
        "started_at",
        "duration",
    ]
    list_filter = ["created_at", "state", "end_reason", ("program", ProgramFilter), ("agent", AgentFilter)]
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "created_at"
    search_fields = _SEARCHED
    search_help_text = gettext_lazy("RFC, nombre, correo electrónico, folio o palabras de la conversación")
    fields = ["folio"]
    change_form_template = "admin/chat/chatsession/transcript.html"

    @override
    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ChatSession], search_term: str
    ) -> tuple[QuerySet[ChatSession], bool]:
        """Chats with every word somewhere. Messages are asked with EXISTS, so no chat comes twice."""
        return queryset.filter(matching(search_term)) if search_term.strip() else queryset, False

    @override
    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        session = self.get_object(request, unquote(object_id))
        context = kwargs.get("extra_context") or {}
        if session is not None:
            context |= {
                "session": session,
                "title": _("Chat %s") % session.folio,
                "subtitle": None,
                **_whole(session),
            }
        return super().change_view(request, object_id, *args, **kwargs | {"extra_context": context})

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[ChatSession]:
        return super().get_queryset(request).select_related("agent", "program", "offline_message")

    @admin.display(description=gettext_lazy("cliente"), ordering="name")
    def customer(self, session: ChatSession) -> str:
        return _two_lines(session.name, session.email)

    @admin.display(description=gettext_lazy("RFC y programa"), ordering="rfc")
    def subject(self, session: ChatSession) -> str:
        return _two_lines(session.rfc, session.program)

    @admin.display(description=gettext_lazy("agente"), ordering="agent__first_name")
    def agent_name(self, session: ChatSession) -> str:
        return session.agent.shown_name if session.agent else ""

    @admin.display(description=gettext_lazy("estado y motivo de fin"), ordering="state")
    def state_and_reason(self, session: ChatSession) -> str:
        return _two_lines(session.get_state_display().capitalize(), session.get_end_reason_display())

    @admin.display(description=gettext_lazy("inicio"), ordering="created_at")
    def started_at(self, session: ChatSession) -> str:
        return short_instant(session.created_at)

    @admin.display(description=gettext_lazy("duración"))
    def duration(self, session: ChatSession) -> str:
        return in_minutes(session.created_at, session.ended_at)


def _two_lines(first: object, second: object) -> str:
    """What belongs together in one cell, so that the list fits a screen."""
    return format_html('{}<br><span class="second">{}</span>', first or "", second or "")


def _whole(session: ChatSession) -> dict[str, Any]:
    """Everything that was said, notes included, and how long each part took."""
    return {
        "lines": session.messages.for_staff().select_related("session", "agent", "attachment"),
        "waited": in_minutes(session.queued_at, session.accepted_at),
        "lasted": in_minutes(session.created_at, session.ended_at),
    }


def in_minutes(start: datetime, end: datetime | None) -> str:
    """ "8 min", "1 h 05 min"; empty while it has no end."""
    if end is None:
        return ""
    if end - start < timedelta(minutes=1):
        return _("menos de 1 min")
    hours, minutes = divmod(int((end - start).total_seconds() // 60), 60)
    return (
        _("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": minutes}
        if hours
        else f"{minutes} min"
    )


def matching(search_term: str) -> Q:
    """Every word in some field or message; or the whole as an RFC typed with spaces and hyphens."""
    search_term = search_term[:MOST_CHARS]
    found = Q()
    for word in _words(search_term)[:MOST_WORDS]:
        found &= _having(word)
    rfc = RfcField().to_python(search_term)
    return found | Q(rfc__contains=rfc) if len(rfc) >= SHORTEST_RFC_PIECE else found


def _words(search_term: str) -> list[str]:
    """Words, and phrases between quotation marks as one."""
    return [
        unescape_string_literal(bit) if bit[0] in "\"'" and bit[0] == bit[-1] and len(bit) > 1 else bit
        for bit in smart_split(search_term)
    ]


def _having(word: str) -> Q:
    pattern = forgiving_pattern(word)
    said = Message.objects.filter(session=OuterRef("pk"), text__iregex=pattern)
    found = Q(Exists(said))
    for field in _SEARCHED:
        found |= Q(**{f"{field}__iregex": pattern})
    return found


def forgiving_pattern(word: str) -> str:
    """A regular expression for a word whatever its accents: "gomez" finds "Gómez" on both engines."""
    plain = "".join(c for c in unicodedata.normalize("NFD", word.casefold()) if not unicodedata.combining(c))
    return "".join(
        f"[{_ACCENTED[c]}{_ACCENTED[c].upper()}]" if c in _ACCENTED else re.escape(c) for c in plain
    )
