"""What is refused at the start: settings under which the opening hours would not be the real ones."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error


def check_hours(**_kwargs: Any) -> list[CheckMessage]:
    """HOURS is "real" (the hours of the database) or "open" (always open, for the demo, DEBUG only)."""
    if settings.HOURS not in ("real", "open"):
        return [Error(f'HOURS is {settings.HOURS!r}; it must be "real" or "open".', id="scheduling.E001")]
    if settings.HOURS == "open" and not settings.DEBUG:
        return [
            Error(
                'HOURS is "open" while DEBUG is off: customers would be invited when nobody attends.',
                hint="Unset HOURS, or set it to real.",
                id="scheduling.E002",
            )
        ]
    return []
