"""The customers and agents of these tests, and the evening on which they write."""

import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from offline_messages import services
from offline_messages.models import OfflineMessage

MEXICO_CITY = ZoneInfo("America/Mexico_City")
# A Tuesday, after six: the next opening is on Wednesday at nine.
EVENING = datetime(2026, 11, 24, 20, 15, tzinfo=MEXICO_CITY)
MORNING = datetime(2026, 11, 25, 9, 30, tzinfo=MEXICO_CITY)

ROSA = {"name": "Rosa Medina", "email": "rosa@despacho-lopez.mx"}
BRUNO = {"name": "Bruno Gil", "email": "bruno@gil-asociados.mx"}
TEXT = "CFDI Escritorio 4.2 no timbra desde ayer: error 301 al enviar."


def leave(**changes: Any) -> OfflineMessage:
    """A message of Rosa's, unless told otherwise."""
    arguments: dict[str, Any] = ROSA | {"text": TEXT, "client_id": uuid.uuid4(), "now": EVENING} | changes
    return services.leave_message(**arguments)


def make_agent(username: str, group: str | None = "Agentes", **fields: Any) -> Any:
    """A user in one of the staff groups, or in none."""
    user = get_user_model().objects.create_user(username, **fields)
    if group:
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user
