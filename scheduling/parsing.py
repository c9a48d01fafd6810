"""Days and hours out of addresses and forms: whoever sends them may have written anything."""

from datetime import UTC, date, datetime

from django.utils.dateparse import parse_date, parse_datetime

# Nobody books outside these years, and at the ends of time arithmetic overflows.
FIRST_YEAR, LAST_YEAR = 2000, 2100


def parse_hour(text: str) -> datetime | None:
    """An instant as pages send it, such as "2026-11-24T10:00:00-06:00", in UTC.

    None for anything else, times without an offset and instants outside the years 2000 to 2100 included.
    """
    try:
        instant = parse_datetime(text)
        if instant is None or instant.utcoffset() is None:
            return None
        instant = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant if _is_in_range(instant) else None


def parse_day(text: str) -> date | None:
    """A date such as "2026-11-24"; None for anything else and for dates outside the years 2000 to 2100."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day is not None and _is_in_range(day) else None


def _is_in_range(day: date) -> bool:
    return FIRST_YEAR <= day.year <= LAST_YEAR
