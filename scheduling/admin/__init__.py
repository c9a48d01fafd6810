"""The supervisors' pages about hours and appointments, one module a noun."""

from scheduling.admin.appointments import AppointmentAdmin
from scheduling.admin.hits import AsksBeforeHitting
from scheduling.admin.hours import BusinessHoursAdmin, SpecialDayAdmin
from scheduling.admin.shifts import ServiceAdmin, ShiftAdmin

__all__ = [
    "AppointmentAdmin",
    "AsksBeforeHitting",
    "BusinessHoursAdmin",
    "ServiceAdmin",
    "ShiftAdmin",
    "SpecialDayAdmin",
]
