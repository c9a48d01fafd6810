"""The customers of these tests, the Tuesday on which they book, and short ways to a booked hour."""

import uuid
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django.contrib.auth import get_user_model
from post_office.models import Email

from scheduling import services
from scheduling.models import Appointment, BusinessHours, Service, Shift
from scheduling.services import Details
from tests.scheduling.hours import at

NOW = at("2026-11-24 08:00")
TEN = at("2026-11-24 10:00")
ANA = Details(
    name="Ana López",
    email="ana@papeleria-lopez.mx",
    rfc="EKU9003173C9",
    legal_name="Papelería López",
    program="CFDI Escritorio",
    program_version="5.2",
    about="Al timbrar sale el error CFDI40138 con la serie A",
)
BETO = Details(
    name="Beto Ruiz",
    email="beto@ferreteria-ruiz.mx",
    rfc="XIA190128J61",
    legal_name="Ferretería Ruiz",
    program="CFDI Nómina",
    program_version="3.0",
    about="El recibo sale sin la deducción de la semana 47",
)


def make_week() -> None:
    """Monday to Friday, 09:00 to 14:00 and 15:00 to 18:00, whatever was there."""
    BusinessHours.objects.all().delete()
    for weekday in range(5):
        for opens, closes in ((9, 14), (15, 18)):
            BusinessHours.objects.create(weekday=weekday, opens_at=time(opens), closes_at=time(closes))


def make_service(**terms: Any) -> Service:
    """Half an hour of support by chat; the migrations' own row when it is there."""
    service, _created = Service.objects.update_or_create(
        slug="chat", defaults={"name": "Soporte por chat"} | terms
    )
    return service


def make_agent(username: str, opens: int = 9, closes: int = 18, days: Sequence[int] = range(5)) -> Any:
    """An agent on shift from Monday to Friday."""
    agent = get_user_model().objects.create_user(username)
    for weekday in days:
        Shift.objects.create(agent=agent, weekday=weekday, opens_at=time(opens), closes_at=time(closes))
    return agent


def hold(
    starts_at: datetime = TEN, *, key: str = "", now: datetime = NOW, service: Service | None = None
) -> Appointment:
    key = key or uuid.uuid4().hex
    return services.hold_slot(service=service or make_service(), starts_at=starts_at, hold_key=key, now=now)


def book(
    starts_at: datetime = TEN, *, who: Details = ANA, now: datetime = NOW, key_hash: str = ""
) -> Appointment:
    """An appointment as a customer gets one, in two steps."""
    key = hold(starts_at, now=now).hold_key
    return services.book(hold_key=key, client_id=uuid.uuid4(), details=who, now=now, key_hash=key_hash)


def fresh(appointment: Appointment) -> Appointment:
    """The row as it is now."""
    return Appointment.objects.get(pk=appointment.pk)


def acts_of(appointment: Appointment) -> list[str]:
    """What was done to it, in order."""
    return list(appointment.events.values_list("act", flat=True))


def mails() -> list[str]:
    """The subjects of what was queued, in order."""
    return list(Email.objects.order_by("pk").values_list("subject", flat=True))


def last_mail() -> Email:
    mail = Email.objects.order_by("pk").last()
    assert mail is not None
    return mail


def starts(slots: Sequence[Any]) -> list[str]:
    """When slots begin, by the wall clock."""
    return [f"{slot.starts_at:%H:%M}" for slot in slots]
