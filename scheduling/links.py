"""Links in mails to customers: signed, good until a week after the appointment ends."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing

from scheduling.models import Appointment

SALT = "scheduling.link"
# What the token is called in an address.
PARAMETER = "llave"
# Somebody who missed the hour on a Friday opens it after the weekend, or after a week away.
GOOD_AFTER_END = timedelta(days=7)


def link_to(appointment: Appointment) -> str:
    """The full address at which any browser opens an appointment until the link expires."""
    return f"{settings.PUBLIC_URL}/citas/{appointment.folio}/?{PARAMETER}={token_of(appointment)}"


def rebook_link_to(appointment: Appointment) -> str:
    """The full address at which another appointment is booked with the data of this one."""
    return f"{settings.PUBLIC_URL}/citas/?{PARAMETER}={token_of(appointment)}"


def token_of(appointment: Appointment) -> str:
    return signing.dumps(appointment.pk, salt=SALT)


def appointment_of(token: str, now: datetime) -> Appointment | None:
    """The appointment a link is for; None when it expired, was changed, or is not ours."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    good = Appointment.objects.exclude(state=Appointment.State.HELD).filter(ends_at__gte=now - GOOD_AFTER_END)
    return good.filter(pk=pk).first()
