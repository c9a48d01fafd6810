"""What changes hours and appointments, and what others ask about them."""

from scheduling.services.hours import current_calendar

__all__ = ["current_calendar"]
