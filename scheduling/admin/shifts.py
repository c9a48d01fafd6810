"""The pages on which supervisors decide when each agent can be booked, and what for."""

from typing import Any, override

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import ForeignKey, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin import SupervisorAdmin
from scheduling.admin.hits import AsksBeforeHitting
from scheduling.models import Service, Shift


def name_of(agent: Any) -> str:
    """The name that customers see."""
    return agent.get_full_name() or agent.get_username()


class AgentFilter(admin.RelatedFieldListFilter):
    """The agents who have some of what is listed, by name; disabled ones included."""

    @override
    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        listed = model_admin.model._default_manager.order_by().values(field.name)
        agents = get_user_model()._default_manager.filter(pk__in=listed).order_by("first_name", "username")
        return [(agent.pk, name_of(agent)) for agent in agents]


class AgentChoice(forms.ModelChoiceField):
    @override
    def label_from_instance(self, obj: Any) -> str:
        return name_of(obj)


@admin.register(Shift)
class ShiftAdmin(AsksBeforeHitting, SupervisorAdmin, admin.ModelAdmin):
    list_display = ["agent_name", "day", "hours"]
    list_display_links = ["agent_name", "day"]
    list_filter = [("agent", AgentFilter), "weekday"]
    show_facets = admin.ShowFacets.NEVER
    list_select_related = ["agent"]
    ordering = ["agent__first_name", "agent__username", "weekday", "opens_at"]
    search_fields = ["agent__first_name", "agent__last_name", "agent__username"]
    search_help_text = gettext_lazy("Nombre o usuario del agente")

    @override
    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        # Whoever has shifts already stays in the list: a disabled agent's shift can still be looked at.
        agents = get_user_model()._default_manager.filter(Q(is_active=True) | Q(shifts__isnull=False))
        kwargs |= {
            "form_class": AgentChoice,
            "queryset": agents.distinct().order_by("first_name", "username"),
        }
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("agente"), ordering="agent__first_name")
    def agent_name(self, shift: Shift) -> str:
        return name_of(shift.agent)

    @admin.display(description=gettext_lazy("día"), ordering="weekday")
    def day(self, shift: Shift) -> str:
        return str(shift.get_weekday_display())

    @admin.display(description=gettext_lazy("horas"), ordering="opens_at")
    def hours(self, shift: Shift) -> str:
        return f"{shift.opens_at:%H:%M}–{shift.closes_at:%H:%M}"


@admin.register(Service)
class ServiceAdmin(SupervisorAdmin, admin.ModelAdmin):
    list_display = ["name", "length", "notice", "horizon", "is_active", "position"]
    fields = ["name", "slug", "slot_minutes", "notice_minutes", "horizon_days", "is_active", "position"]
    prepopulated_fields = {"slug": ["name"]}
    actions = None

    @override
    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """Only for a new one: the address of what is offered stays."""
        return {} if obj else dict(super().get_prepopulated_fields(request, obj))

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was booked keeps its service, which stops being offered instead."""
        is_used = obj is not None and obj.appointments.exists()
        return not is_used and super().has_delete_permission(request, obj)

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        return super().get_queryset(request).order_by("position", "pk")

    @admin.display(description=gettext_lazy("duración"), ordering="slot_minutes")
    def length(self, service: Service) -> str:
        return _("%(minutes)d min") % {"minutes": service.slot_minutes}

    @admin.display(description=gettext_lazy("anticipación"), ordering="notice_minutes")
    def notice(self, service: Service) -> str:
        return _("%(minutes)d min") % {"minutes": service.notice_minutes}

    @admin.display(description=gettext_lazy("días que se ofrecen"), ordering="horizon_days")
    def horizon(self, service: Service) -> int:
        return service.horizon_days
