"""The cast of the chat's tests, made on a Tuesday at ten, and short ways to bring a chat to a state.

Ana has the chat; Beto is always the stranger. Laura and Diego are agents.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import factory
from django.contrib.auth.models import Group

from chat import access, services
from chat.models import AGENTS_GROUP, Agent, ChatSession, Message, Program, Visitor
from chat.services import Author, Draft
from offline_messages.models import OfflineMessage

MEXICO_CITY = ZoneInfo("America/Mexico_City")
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=MEXICO_CITY)
FIRST_WORDS = "Al timbrar sale el error CFDI40138 con la serie A"
RFC = "EKU9003173C9"


def later(**wait: float) -> datetime:
    """An instant after NOW: `later(minutes=5)`."""
    return NOW + timedelta(**wait)


def at(clock: str, day: str = "2026-11-24") -> datetime:
    """An instant from a time of day in Mexico City."""
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=MEXICO_CITY)


@dataclass(frozen=True)
class Customer:
    """Somebody at a browser; `key` is what the browser's cookie holds."""

    name: str
    email: str
    key: str

    @property
    def key_hash(self) -> str:
        return access.hash_key(self.key)

    @property
    def cookie(self) -> str:
        return access.sign_key(self.key)


ANA = Customer("Ana López", "ana@papeleria-lopez.mx", "ana-browser")
BETO = Customer("Beto Ruiz", "beto@ferreteria-ruiz.mx", "beto-browser")


class VisitorFactory(factory.django.DjangoModelFactory[Visitor]):
    class Meta:
        model = Visitor
        django_get_or_create = ("key_hash",)

    key_hash = ANA.key_hash
    created_at = NOW


class ProgramFactory(factory.django.DjangoModelFactory[Program]):
    class Meta:
        model = Program
        django_get_or_create = ("name",)

    name = "CFDI Escritorio"


class AgentFactory(factory.django.DjangoModelFactory[Agent]):
    """An agent whose console gave a sign of life just now."""

    class Meta:
        model = Agent
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"agente-{number}")
    first_name = "Laura"
    last_name = "Méndez"
    password = "!"
    last_seen_at = NOW
    is_available = True

    @factory.post_generation
    def group(self, _create: bool, name: str | None) -> None:
        group, _created = Group.objects.get_or_create(name=name or AGENTS_GROUP)
        self.groups.add(group)  # type: ignore[attr-defined]


def start(customer: Customer = ANA, **changes: Any) -> ChatSession:
    """A chat that waits."""
    now = changes.pop("now", NOW)
    given: dict[str, Any] = {"name": customer.name, "email": customer.email, "text": FIRST_WORDS}
    chat = services.ChatStart(**{**given, "client_id": uuid.uuid4(), **changes})
    return services.start_chat(key_hash=customer.key_hash, start=chat, now=now)


def accept(session: ChatSession, agent: Agent, now: datetime = NOW) -> ChatSession:
    return services.accept_chat(session=session, agent=agent, now=now)


def attended(agent: Agent, customer: Customer = ANA, now: datetime = NOW) -> ChatSession:
    """A chat whose agent has welcomed the customer and asked who it is."""
    return accept(start(customer, now=now), agent, now)


def identify(session: ChatSession, now: datetime = NOW, **changes: Any) -> ChatSession:
    """Let the customer identify; a program that is not told is CFDI Escritorio."""
    given: dict[str, Any] = {"rfc": RFC, "legal_name": "Papelería López", "program_version": "5.2"}
    program = changes.pop("program", None) or ProgramFactory.create()
    identification = services.Identification(**{**given, "program": program, **changes})
    return services.identify(session=session, identification=identification, now=now)


def conversing(agent: Agent, customer: Customer = ANA, now: datetime = NOW) -> ChatSession:
    """A chat in which everything may be said."""
    return identify(attended(agent, customer, now), now)


def say_as_customer(session: ChatSession, text: str = "Es la versión 5.2", **changes: Any) -> Message:
    return _post(session, Author(), text, **changes)


def say_as_agent(session: ChatSession, agent: Agent, text: str = "Lo reviso", **changes: Any) -> Message:
    return _post(session, Author(agent), text, **changes)


def _post(
    session: ChatSession, author: Author, text: str, now: datetime = NOW, client_id: uuid.UUID | None = None
) -> Message:
    draft = Draft(text=text, client_id=client_id or uuid.uuid4())
    return services.post_message(session=session, author=author, draft=draft, now=now)


def move_marks(session: ChatSession, side: str, delivered: int, read: int) -> ChatSession:
    """Let a side say how far it has the other's lines; for the agent, whoever attends the chat."""
    agent = fresh(session).agent
    # Nobody attends a chat that waits, and its marks can be claimed by no agent.
    author = Author(agent) if side == "agent" else Author()
    return services.move_marks(session=session, author=author, delivered=delivered, read=read, now=NOW)


def note(session: ChatSession, agent: Agent, text: str = "Cliente molesto", now: datetime = NOW) -> Message:
    return services.post_note(session=session, agent=agent, draft=Draft(text=text), now=now)


def end(session: ChatSession, now: datetime = NOW) -> ChatSession:
    return services.end_chat(session=session, reason=ChatSession.EndReason.CUSTOMER, now=now)


def fill(session: ChatSession, count: int) -> None:
    """Lines up to `count`, stored as quickly as the table takes them."""
    Message.objects.bulk_create(
        Message(
            session=session,
            number=number,
            staff_number=number,
            author=Message.Author.CUSTOMER,
            text=f"línea {number}",
            created_at=session.created_at,
        )
        for number in range(2, count + 1)
    )
    ChatSession.objects.filter(pk=session.pk).update(last_number=count, last_staff_number=count)


def fresh(session: ChatSession) -> ChatSession:
    """The row as it is now."""
    return ChatSession.objects.get(pk=session.pk)


def left_of(session: ChatSession) -> OfflineMessage:
    """The offline message that a chat became."""
    left = fresh(session).offline_message
    assert left is not None
    return left


def rules_of(session: ChatSession) -> list[str]:
    """Which rules made the system or the welcome speak, in order."""
    return [line.rule for line in session.messages.for_customer() if line.rule]


def texts_of(session: ChatSession) -> list[str]:
    """What the customer reads, in order."""
    return [line.text for line in session.messages.for_customer()]


def line_of(session: ChatSession, rule: str) -> str:
    """The one sentence that a rule made the chat say."""
    return str(session.messages.get(rule=rule).text)
