"""Accounts to try the product with; refused outside development."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from chat.models import AGENTS_GROUP, SUPERVISORS_GROUP, Agent

PASSWORD = "facturando-demo"  # noqa: S105  made for the demo, and refused when DEBUG is off
ACCOUNTS = [
    ("agente1", "Laura", "Méndez", AGENTS_GROUP),
    ("agente2", "Diego", "Paredes", AGENTS_GROUP),
    ("supervisor", "Elena", "Robles", SUPERVISORS_GROUP),
]


class Command(BaseCommand):
    help = "Make the demo's accounts, if they are not there yet, and print where to go."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(_("Las cuentas de demostración solo existen con DEBUG activado."))
        for username, first_name, last_name, group in ACCOUNTS:
            self._make(username, first_name, last_name, group)
        self.stdout.write(self._where_to_go())

    def _make(self, username: str, first_name: str, last_name: str, group: str) -> None:
        agent, is_new = Agent.objects.get_or_create(
            username=username, defaults={"first_name": first_name, "last_name": last_name}
        )
        if is_new:
            agent.set_password(PASSWORD)
            agent.save()
            agent.groups.add(Group.objects.get(name=group))

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
