"""Fills a product's database, in a process beside it; prints who came: `people.py '{"pairs": 50, …}'`.

Rows are written as the services leave them, many at a time. `pairs`: running chats, identified, each with an
agent of its own. `idle`: running chats of one agent. `waiting`: chats in the queue. `lines`: for one pair.
"""

import json
import sys
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.inside import set_up  # noqa: E402

FIRST_WORDS = "Al timbrar una factura sale el error CFDI40138"
BATCH = 500


def main(asked: dict[str, int]) -> dict[str, Any]:
    set_up("facturando_support.settings")
    from django.core.management import call_command
    from django.db import transaction
    from django.utils import timezone

    call_command("migrate", interactive=False, verbosity=0)
    now = timezone.now()
    with transaction.atomic():
        staff = make_agents(asked.get("pairs", 0) + bool(asked.get("idle")) + asked.get("agents", 0), now)
        pairs = make_chats(asked.get("pairs", 0), staff[: asked.get("pairs", 0)], now)
        idle = make_chats(asked.get("idle", 0), staff[asked.get("pairs", 0) :][:1], now)
        waiting = make_chats(asked.get("waiting", 0), [], now)
    agents = [cookie_of(agent) for agent in staff]
    return {
        "pairs": [customer | {"agent": agent} for customer, agent in zip(pairs, agents, strict=False)],
        "idle": idle,
        "waiting": waiting,
        "agents": agents[len(pairs) :],
    }


def make_agents(count: int, now: datetime) -> list[Any]:
    """Agents who are there and may take chats."""
    from django.contrib.auth.models import Group

    from chat.models import AGENTS_GROUP, Agent

    first = Agent.objects.count()
    rows = [
        Agent(
            username=f"banco{first + number}", password="!", last_seen_at=now, is_available=True, capacity=20
        )
        for number in range(count)
    ]
    agents = Agent.objects.bulk_create(rows, batch_size=BATCH)
    group, _created = Group.objects.get_or_create(name=AGENTS_GROUP)
    group.user_set.add(*agents)
    return agents


def make_chats(count: int, agents: list[Any], now: datetime) -> list[dict[str, Any]]:
    """Chats with their first line; running ones when there are agents, whom they go round."""
    from chat import access
    from chat.models import ChatSession, Message, Program, Visitor

    program, _created = Program.objects.get_or_create(name="CFDI Escritorio")
    keys = [access.new_visitor_key() for _ in range(count)]
    people = [Visitor(key_hash=access.hash_key(key), created_at=now) for key in keys]
    visitors = Visitor.objects.bulk_create(people, batch_size=BATCH)
    active: dict[str, Any] = {}
    if agents:
        active = {"state": "active", "accepted_at": now, "identified_at": now, "program": program}
        active |= {"rfc": "EKU9003173C9", "legal_name": "Papelería López", "program_version": "5.2"}
    chats = [
        ChatSession(
            # By chance two of so many would be the same.
            folio=f"C-{visitor.pk:06}",
            visitor=visitor,
            name="Ana López",
            email=f"ana.{visitor.pk}@papeleria-lopez.mx",
            created_at=now,
            queued_at=now + timedelta(microseconds=number),
            patience_since=now,
            last_number=1,
            last_staff_number=1,
            agent=agents[number % len(agents)] if agents else None,
            **active,
        )
        for number, visitor in enumerate(visitors)
    ]
    ChatSession.objects.bulk_create(chats, batch_size=BATCH)
    known = {"number": 1, "staff_number": 1, "author": "customer", "text": FIRST_WORDS, "created_at": now}
    lines = [Message(session=chat, client_id=uuid.uuid4(), **known) for chat in chats]
    Message.objects.bulk_create(lines, batch_size=BATCH)
    return [
        {"session": chat.pk, "folio": chat.folio, "cookie": f"{access.COOKIE_NAME}={access.sign_key(key)}"}
        for chat, key in zip(chats, keys, strict=True)
    ]


def add_lines(sessions: list[int], count: int) -> None:
    """Let chats of an agent have `count` lines each, customer and agent in turn; written by SQLite itself."""
    from django.db import connection

    # Numbers of ours.
    chosen = ",".join(map(str, sessions))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {int(count)})
            INSERT INTO chat_message (session_id, number, staff_number, client_id, author, agent_id, text,
                                      is_file, rule, created_at)
            SELECT s.id, i, i, lower(hex(randomblob(16))), CASE i % 2 WHEN 0 THEN 'agent' ELSE 'customer' END,
                   CASE i % 2 WHEN 0 THEN s.agent_id END, 'Línea ' || i || ': ' || %s, 0, '', s.created_at
            FROM chat_chatsession s JOIN n ON i > s.last_number WHERE s.id IN ({chosen})""",  # noqa: S608
            [FIRST_WORDS],
        )
        cursor.execute(
            f"""UPDATE chat_chatsession SET last_number = {int(count)}, last_staff_number = {int(count)}
            WHERE id IN ({chosen}) AND last_number < {int(count)}"""  # noqa: S608
        )


def make_appointments(agents: list[Any], count: int, now: datetime) -> None:
    """Booked hours, beginning in an hour; of those that are near their customers have been reminded."""
    from scheduling.models import Appointment, Service

    service, _created = Service.objects.get_or_create(name="Banco de pruebas")
    first = Appointment.objects.count() // len(agents)
    rows = []
    for number in range(count):
        turn, place = divmod(number, len(agents))
        starts_at = now + timedelta(hours=1 + first + turn)
        rows.append(
            Appointment(
                folio=f"B-{first + turn}-{place}",
                service=service,
                agent=agents[place],
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=50),
                state="booked",
                name="Ana López",
                email="ana@papeleria-lopez.mx",
                reminded_day_at=now,
                created_at=now,
            )
        )
    Appointment.objects.bulk_create(rows, batch_size=BATCH)


def cookie_of(agent: Any) -> str:
    """An agent's staff session, as logging in makes it."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(agent.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = agent.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
