"""The pages on which supervisors keep the opening hours."""

from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.admin import SupervisorAdmin
from scheduling.admin.hits import AsksBeforeHitting
from scheduling.calendar import official_rest_days
from scheduling.forms import SpecialIntervalFormSet
from scheduling.models import BusinessHours, SpecialDay, SpecialInterval, Weekday


@admin.register(BusinessHours)
class BusinessHoursAdmin(AsksBeforeHitting, SupervisorAdmin, admin.ModelAdmin):
    list_display = ["weekday", "opens_at", "closes_at"]
    list_filter = ["weekday"]


class SpecialIntervalInline(SupervisorAdmin, admin.TabularInline):
    model = SpecialInterval
    formset = SpecialIntervalFormSet
    extra = 2


@admin.register(SpecialDay)
class SpecialDayAdmin(AsksBeforeHitting, SupervisorAdmin, admin.ModelAdmin):
    list_display = ["date", "weekday", "name", "kind", "hours"]
    list_filter = ["kind"]
    search_fields = ["name"]
    inlines = [SpecialIntervalInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SpecialDay]:
        return super().get_queryset(request).prefetch_related("intervals")

    @admin.display(description=_("día de la semana"))
    def weekday(self, day: SpecialDay) -> str:
        return str(Weekday(day.date.weekday()).label)

    @admin.display(description=_("horario"))
    def hours(self, day: SpecialDay) -> str:
        return ", ".join(str(interval) for interval in day.intervals.all())

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"rest_days": _rest_days_of_two_years(timezone.localdate())}
        return super().changelist_view(request, {**context, **(extra_context or {})})


def _rest_days_of_two_years(today: date) -> list[dict[str, Any]]:
    """The official rest days of this year and the next, each with the special day that changes it, if any."""
    language = "en_US" if (get_language() or "").startswith("en") else "es"
    rest_days = {
        **official_rest_days(today.year, language),
        **official_rest_days(today.year + 1, language),
    }
    changes = {special.date: special for special in SpecialDay.objects.filter(date__in=rest_days)}
    return [
        {"date": day, "weekday": Weekday(day.weekday()).label, "name": name, "change": changes.get(day)}
        for day, name in rest_days.items()
    ]
