"""What this app stores: hours and their exceptions, when agents can be booked, and what was booked."""

from scheduling.models.appointments import (
    Appointment,
    AppointmentEvent,
    AppointmentQuerySet,
    AppointmentReader,
)
from scheduling.models.hours import BusinessHours, SpecialDay, SpecialInterval, Weekday
from scheduling.models.shifts import Service, Shift

__all__ = [
    "Appointment",
    "AppointmentEvent",
    "AppointmentQuerySet",
    "AppointmentReader",
    "BusinessHours",
    "Service",
    "Shift",
    "SpecialDay",
    "SpecialInterval",
    "Weekday",
]
