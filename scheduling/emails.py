"""The mails about appointments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core.mail import Attachment, queue_mail, withdraw
from scheduling.ics import CONTENT_TYPE, calendar_file, file_name
from scheduling.links import link_to, rebook_link_to
from scheduling.models import Appointment
from scheduling.slots import Slot
from scheduling.wording import hour_in_words, instant_in_words, tolerance_in_words

# Mails that must not go out once they are no longer true, by their templates.
REMINDER, MISSED = "appointment_reminder", "appointment_missed"


def queue_confirmed(appointment: Appointment, now: datetime) -> None:
    """Tell the folio and the hour, with the link to everything else and the entry for a calendar."""
    subject = _("Su cita %(folio)s: %(hour)s") % _names(appointment, now)
    _queue(appointment, "appointment_confirmed", subject, now, with_file=True)


def queue_changed(appointment: Appointment, now: datetime) -> None:
    """Tell the new hour; the entry replaces the old one."""
    subject = _("Su cita %(folio)s cambió: %(hour)s") % _names(appointment, now)
    _queue(appointment, "appointment_changed", subject, now, with_file=True)


def queue_cancelled(appointment: Appointment, now: datetime) -> None:
    """Tell that it will not take place, which the entry then says as well."""
    subject = _("Su cita %(folio)s fue cancelada") % _names(appointment, now)
    _queue(appointment, "appointment_cancelled", subject, now, with_file=True)


def queue_cancelled_by_us(appointment: Appointment, now: datetime) -> None:
    """Apologize: it could not take place because our hours or shifts changed. The entry says so as well."""
    subject = _("Su cita %(folio)s fue cancelada por un cambio nuestro") % _names(appointment, now)
    _queue(appointment, "appointment_cancelled_by_us", subject, now, with_file=True)


def queue_reminder(appointment: Appointment, now: datetime) -> None:
    """Remind of the hour and of the tolerance."""
    subject = _("Recordatorio de su cita %(folio)s: %(hour)s") % _names(appointment, now)
    _queue(appointment, REMINDER, subject, now)


def withdraw_reminders(appointment: Appointment, now: datetime) -> None:
    """Keep reminders that still wait from going out, such as those of a day without a mail server."""
    withdraw(tag=_tag(REMINDER, appointment), now=now)


def queue_missed(appointment: Appointment, now: datetime) -> None:
    """Tell the manual's rule, or that whoever had come was not there any more, and where to book again."""
    subject = _("No pudimos atender su cita %(folio)s") % _names(appointment, now)
    _queue(appointment, MISSED, subject, now)


def withdraw_missed(appointment: Appointment, now: datetime) -> None:
    """Keep the mail of a missed one that turned out not to be from going out, if it still waits."""
    withdraw(tag=_tag(MISSED, appointment), now=now)


def queue_hit(appointment: Appointment, others: Sequence[Slot], now: datetime) -> None:
    """Tell that our hours changed, with other ones to choose from."""
    subject = _("Su cita %(folio)s necesita otra hora") % _names(appointment, now)
    zone = appointment.customer_zone
    hours = [hour_in_words(slot.starts_at, now, zone) for slot in others]
    _queue(appointment, "appointment_hit", subject, now, hours=hours)


def _names(appointment: Appointment, now: datetime) -> dict[str, str]:
    return {"folio": appointment.folio, "hour": instant_in_words(appointment.starts_at, now)}


def _queue(
    appointment: Appointment,
    template: str,
    subject: str,
    now: datetime,
    *,
    with_file: bool = False,
    **context: Any,
) -> None:
    queue_mail(
        to=appointment.email,
        template=template,
        subject=subject,
        context={
            "appointment": appointment,
            "hour": hour_in_words(appointment.starts_at, now, appointment.customer_zone),
            "link": link_to(appointment),
            "rebook_link": rebook_link_to(appointment),
            "tolerance": tolerance_in_words(),
            "early_minutes": int(settings.APPOINTMENT_EARLY.total_seconds() // 60),
        }
        | context,
        attachments=[_file(appointment, now)] if with_file else [],
        tag=_tag(template, appointment),
    )


def _tag(template: str, appointment: Appointment) -> str:
    return f"{template}/{appointment.folio}"


def _file(appointment: Appointment, now: datetime) -> Attachment:
    return file_name(appointment), CONTENT_TYPE, calendar_file(appointment, now)
