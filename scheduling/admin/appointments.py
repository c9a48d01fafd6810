"""Appointments as supervisors see them: by day, counted, with their history and what can be done."""

from datetime import date, datetime, time, timedelta
from typing import Any, cast, override

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin import ReadOnlyAdmin, short_instant
from core.errors import RuleBroken
from core.fields import RfcField
from scheduling import services
from scheduling.admin.acts import FORMS, ActForm
from scheduling.admin.shifts import AgentFilter, name_of
from scheduling.calendar import MEXICO_CITY
from scheduling.models import Appointment, AppointmentEvent
from scheduling.states import Act
from scheduling.wording import hour_in_words
from scheduling.zones import city_of

State = Appointment.State
# Shorter pieces of an RFC are too common to be looked for across spaces and hyphens.
SHORTEST_RFC_PIECE = 4
ACTS = {
    Act.BOOK: gettext_lazy("Se agendó"),
    Act.RESCHEDULE: gettext_lazy("Cambió de hora"),
    Act.CHANGE_AGENT: gettext_lazy("Cambió de agente"),
    Act.ARRIVE: gettext_lazy("Llegó el cliente"),
    Act.ATTEND: gettext_lazy("Se atendió"),
    Act.MISS: gettext_lazy("El cliente no se presentó"),
    Act.CANCEL: gettext_lazy("Se canceló"),
    Act.REOPEN: gettext_lazy("Se reabrió"),
    Act.MARK_ATTENDED: gettext_lazy("Se marcó como atendida"),
    Act.MARK_MISSED: gettext_lazy("Se marcó que no se presentó"),
    Act.AMEND: gettext_lazy("Se marcó como atendida"),
}


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("estado")
    parameter_name = "estado"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(state.value, state.label.capitalize()) for state in State if state != State.HELD]

    @override
    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(state=self.value()) if self.value() in State.values else queryset


class DayFilter(admin.SimpleListFilter):
    """What comes, unless another day is asked for, here or above the list, or something is looked for."""

    title = gettext_lazy("día")
    parameter_name = "dia"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("hoy", _("Hoy")),
            ("manana", _("Mañana")),
            ("semana", _("Esta semana")),
            ("todos", _("Todos los días")),
        ]

    @override
    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        # Django's word for what is shown when nothing is chosen is "all".
        yield dict(first) | {"display": _("Desde hoy")}
        yield from others

    @override
    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        today = timezone.localdate(timezone=MEXICO_CITY)
        match self.value():
            case "hoy":
                return queryset.on_day(today)
            case "manana":
                return queryset.on_day(today + timedelta(days=1))
            case "semana":
                monday = today - timedelta(days=today.weekday())
                return queryset.filter(
                    starts_at__gte=_midnight(monday), starts_at__lt=_midnight(monday + timedelta(days=7))
                )
            case None if not _asks_otherwise(request):
                return queryset.filter(starts_at__gte=_midnight(today))
        return queryset


class HitFilter(admin.SimpleListFilter):
    """What is booked and to come, and no longer fits: its customer has yet to choose another hour."""

    title = gettext_lazy("lugar en el horario")
    parameter_name = "horario"
    OUTSIDE = "fuera"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(self.OUTSIDE, _("Fuera de horario o de turno"))]

    @override
    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != self.OUTSIDE:
            return queryset
        return queryset.filter(pk__in=[row.pk for row in services.hit_by(now=timezone.now())])


def _asks_otherwise(request: HttpRequest) -> bool:
    return bool(request.GET.get("q")) or any(name.startswith("starts_at__") for name in request.GET)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, MEXICO_CITY)


@admin.register(Appointment)
class AppointmentAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    list_display = ["hour", "state_in_words", "agent_name", "folio", "customer", "program_and_version"]
    list_display_links = ["hour", "folio"]
    list_filter = [DayFilter, StateFilter, HitFilter, ("agent", AgentFilter), "service"]
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    show_full_result_count = False
    list_select_related = ["agent"]
    date_hierarchy = "starts_at"
    ordering = ["starts_at", "pk"]
    search_fields = ["folio", "name", "email", "rfc"]
    search_help_text = gettext_lazy("Folio, nombre, correo electrónico o RFC")

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Appointment]:
        """Without hours that are only kept while somebody fills a form in."""
        return super().get_queryset(request).exclude(state=State.HELD)

    @override
    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Appointment], search_term: str
    ) -> tuple[QuerySet[Appointment], bool]:
        """Every word somewhere; or the whole as an RFC typed with spaces and hyphens."""
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        rfc = RfcField().to_python(search_term)
        if len(rfc) >= SHORTEST_RFC_PIECE:
            found = found | queryset.filter(Q(rfc__contains=rfc))
        return found, has_duplicates

    @override
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context and "cl" in context:
            context |= _summary(context["cl"].queryset)
        return response

    @override
    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        appointment = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, appointment):
            raise PermissionDenied
        if appointment is None:
            raise Http404
        now = timezone.now()
        posted = self._posted(request, appointment, now)
        if posted is not None and self._do(request, posted):
            return redirect(request.path)
        return TemplateResponse(
            request,
            "admin/scheduling/appointment/appointment.html",
            self.admin_site.each_context(request) | self._page(appointment, posted, now),
        )

    def _posted(self, request: HttpRequest, appointment: Appointment, now: datetime) -> ActForm | None:
        form = FORMS.get(request.POST.get("act", "")) if request.method == "POST" else None
        return form(appointment, now, request.POST) if form else None

    def _do(self, request: HttpRequest, form: ActForm) -> bool:
        """Whether it was done; else the page comes back with what was typed."""
        if not form.is_valid():
            return False
        try:
            form.do(cast(AbstractUser, request.user))
        except RuleBroken as refusal:
            self.message_user(request, str(refusal.text), messages.ERROR)
            return False
        self.message_user(request, form.done, messages.SUCCESS)
        return True

    def _page(self, appointment: Appointment, posted: ActForm | None, now: datetime) -> dict[str, Any]:
        # As it is now: what was refused may have been done by somebody else.
        appointment.refresh_from_db()
        offered = [form for form in FORMS.values() if appointment.state in form.states]
        forms = [posted if posted and type(posted) is form else form(appointment, now) for form in offered]
        return {
            "title": _("Cita %s") % appointment.folio,
            "subtitle": None,
            "opts": self.opts,
            "appointment": appointment,
            "agent": name_of(appointment.agent),
            "hour": hour_in_words(appointment.starts_at, now, appointment.customer_zone),
            "city": city_of(appointment.customer_zone),
            "events": _history(appointment),
            "act_forms": forms,
            "posted": posted,
        }

    @admin.display(description=gettext_lazy("hora"), ordering="starts_at")
    def hour(self, appointment: Appointment) -> str:
        return short_instant(appointment.starts_at)

    @admin.display(description=gettext_lazy("estado"), ordering="state")
    def state_in_words(self, appointment: Appointment) -> str:
        words = appointment.get_state_display().capitalize()
        has_come = appointment.is_booked and appointment.arrived_at
        return _two_lines(words, _("El cliente ya llegó")) if has_come else words

    @admin.display(description=gettext_lazy("agente"), ordering="agent__first_name")
    def agent_name(self, appointment: Appointment) -> str:
        return name_of(appointment.agent)

    @admin.display(description=gettext_lazy("cliente"), ordering="name")
    def customer(self, appointment: Appointment) -> str:
        return _two_lines(appointment.name, appointment.email)

    @admin.display(description=gettext_lazy("programa"), ordering="program")
    def program_and_version(self, appointment: Appointment) -> str:
        return _two_lines(appointment.program, appointment.program_version)


def _two_lines(first: object, second: object) -> str:
    """What belongs together in one cell, so that the list fits a screen."""
    return format_html('{}<br><span class="second">{}</span>', first or "", second or "")


def _summary(rows: QuerySet[Appointment]) -> dict[str, Any]:
    """The counts of everything that the list would show on all its pages."""
    programs = services.counts_by(rows, "program")
    agents = services.counts_by(rows, "agent")
    names = {
        agent.pk: name_of(agent)
        for agent in get_user_model()._default_manager.filter(pk__in=[counts.key for counts in agents])
    }
    by_name = sorted(((names[counts.key], counts) for counts in agents), key=lambda pair: pair[0])
    return {
        "tables": [
            (_("Por programa"), [(counts.key or _("sin programa"), counts) for counts in programs]),
            (_("Por agente"), by_name),
        ],
        "total": services.total_of(programs),
    }


def _history(appointment: Appointment) -> list[dict[str, Any]]:
    """What happened to it, in order and in words."""
    return [
        {"event": event, "act": ACTS.get(cast(Act, event.act), event.act), "who": _who(event)}
        for event in appointment.events.select_related("by")
    ]


def _who(event: AppointmentEvent) -> str:
    """Who did it, and as what: an agent may be a supervisor as well."""
    what = str(event.get_actor_display())
    return what.capitalize() if event.by is None else _two_lines(name_of(event.by), what)
