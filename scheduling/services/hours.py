"""The rows of this app as the calendar that the rest of the product asks."""

from collections import defaultdict

from django.conf import settings

from scheduling.calendar import AlwaysOpen, Calendar, Interval, OpeningCalendar
from scheduling.models import BusinessHours, SpecialDay


def current_calendar() -> OpeningCalendar:
    """The opening hours in force, read afresh with at most three queries; none for the demo's open hours."""
    if settings.HOURS == "open":
        return AlwaysOpen()
    special_days = SpecialDay.objects.prefetch_related("intervals")
    return Calendar(
        weekly=_weekly_hours(), special_dates={day.date: day.special_date for day in special_days}
    )


def _weekly_hours() -> dict[int, tuple[Interval, ...]]:
    weekly: dict[int, list[Interval]] = defaultdict(list)
    for row in BusinessHours.objects.all():
        weekly[row.weekday].append(row.interval)
    return {weekday: tuple(intervals) for weekday, intervals in weekly.items()}
