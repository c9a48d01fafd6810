"""Accounts and appointments to try the product with; refused outside development."""

import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.models import AGENTS_GROUP, SUPERVISORS_GROUP, Agent
from core.errors import RuleBroken
from scheduling import services
from scheduling.calendar import MEXICO_CITY
from scheduling.models import Appointment, BusinessHours, Service, Shift
from scheduling.services import Details

PASSWORD = "facturando-demo"  # noqa: S105  made for the demo, and refused when DEBUG is off
ACCOUNTS = [
    ("agente1", "Laura", "Méndez", "", AGENTS_GROUP),
    ("agente2", "Diego", "Paredes", "", AGENTS_GROUP),
    ("supervisor", "Elena", "Robles", "supervisor@facturando.example", SUPERVISORS_GROUP),
]
CUSTOMERS = [
    Details(
        name="Ana López",
        email="ana@papeleria-lopez.example",
        rfc="EKU9003173C9",
        legal_name="Papelería López",
        program="CFDI Escritorio",
        program_version="5.2",
        about="Al timbrar una factura de la serie A sale el error CFDI40138.",
    ),
    Details(
        name="Beto Ruiz",
        email="beto@ferreteria-ruiz.example",
        rfc="XIA190128J61",
        legal_name="Ferretería Ruiz",
        program="CFDI Nómina",
        program_version="3.0",
        about="El recibo de nómina sale sin la deducción de la semana.",
        customer_zone="America/Tijuana",
    ),
]
# So late that nobody who has just started the demo meets an agent who is kept for an appointment.
EARLIEST = timedelta(hours=2)


class Command(BaseCommand):
    help = "Make the demo's accounts and appointments, if they are not there yet, and print where to go."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(_("Las cuentas de demostración solo existen con DEBUG activado."))
        for account in ACCOUNTS:
            self._make(*account)
        self._make_shifts()
        self._make_appointments(timezone.now())
        self.stdout.write(self._where_to_go())

    def _make(self, username: str, first_name: str, last_name: str, email: str, group: str) -> None:
        person = {"first_name": first_name, "last_name": last_name, "email": email}
        agent, is_new = Agent.objects.get_or_create(username=username, defaults=person)
        if is_new:
            agent.set_password(PASSWORD)
            agent.save()
            agent.groups.add(Group.objects.get(name=group))

    def _make_shifts(self) -> None:
        """The demo's agents can be booked whenever the office is open; shifts that are there stay."""
        names = [username for username, *_person, group in ACCOUNTS if group == AGENTS_GROUP]
        for agent in Agent.objects.filter(username__in=names, shifts=None):
            Shift.objects.bulk_create(
                Shift(agent=agent, weekday=row.weekday, opens_at=row.opens_at, closes_at=row.closes_at)
                for row in BusinessHours.objects.all()
            )

    def _make_appointments(self, now: datetime) -> None:
        """One a customer for today and for tomorrow, where there is room; made once a day."""
        service = Service.objects.filter(is_active=True).first()
        if service is None:
            return
        today = now.astimezone(MEXICO_CITY).date()
        for day in (today, today + timedelta(days=1)):
            slots = services.free_slots(service=service, day=day, now=now)
            hours = [slot.starts_at for slot in slots if slot.starts_at >= now + EARLIEST]
            for customer, starts_at in zip(CUSTOMERS, hours, strict=False):
                client_id = uuid.uuid5(uuid.NAMESPACE_URL, f"demo:{day}:{customer.email}")
                if not Appointment.objects.filter(client_id=client_id).exists():
                    _book(service, starts_at, customer, client_id, now)

    def _where_to_go(self) -> str:
        url = settings.PUBLIC_URL
        names = ", ".join(username for username, *_rest in ACCOUNTS)
        return "\n".join(
            [
                "",
                _("  Sitio con el chat      %s/") % url,
                _("  Consola de agentes     %s/agente/") % url,
                _("  Supervisión            %s/admin/") % url,
                _("  Cuentas de prueba      %(names)s (contraseña: %(password)s)")
                % {"names": names, "password": PASSWORD},
                "",
            ]
        )


def _book(
    service: Service, starts_at: datetime, customer: Details, client_id: uuid.UUID, now: datetime
) -> None:
    # Whoever tries the product may have taken the hour, or booked for the same customer.
    with suppress(RuleBroken), transaction.atomic():
        key = client_id.hex
        services.hold_slot(service=service, starts_at=starts_at, hold_key=key, now=now)
        services.book(hold_key=key, client_id=client_id, details=customer, now=now)
