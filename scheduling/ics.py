"""An appointment as a file for calendar programs (RFC 5545)."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from scheduling.links import link_to
from scheduling.models import Appointment
from scheduling.wording import hour_in_words

# As Google's calendar attaches them. Python's mail package would turn the line ends of a text/calendar part,
# which must be CRLF, into bare LF.
CONTENT_TYPE = "application/ics"


def calendar_file(appointment: Appointment, now: datetime) -> bytes:
    """The file of an appointment as it is at `now`.

    Its UID is the appointment's for good and its SEQUENCE grows with each change, so that a later file
    changes the same entry. PUBLISH, because nobody is asked to accept anything.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Facturando//Soporte//ES")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(_event(appointment, now))
    return calendar.to_ical()


def file_name(appointment: Appointment) -> str:
    return f"cita-{appointment.folio}.ics"


def _event(appointment: Appointment, now: datetime) -> Event:
    link = link_to(appointment)
    is_cancelled = appointment.state == Appointment.State.CANCELLED
    event = Event()
    event.add("uid", f"{appointment.folio}@{urlsplit(settings.PUBLIC_URL).hostname}")
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", appointment.starts_at.astimezone(UTC))
    event.add("dtend", appointment.ends_at.astimezone(UTC))
    event.add("summary", _("Soporte de Facturando por chat, cita %(folio)s") % {"folio": appointment.folio})
    event.add("description", f"{_description(appointment)}\n{link}")
    event.add("url", link)
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    return event


def _description(appointment: Appointment) -> str:
    if appointment.state == Appointment.State.CANCELLED:
        return _("Esta cita fue cancelada.")
    hour = hour_in_words(appointment.starts_at, zone=appointment.customer_zone)
    return _("Entre al chat con este enlace %(hour)s, o unos minutos antes.") % {"hour": hour}
