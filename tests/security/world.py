"""Everything that one customer has, each part with a word in it that nobody else may ever be shown."""

import uuid
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.db import models

from chat import links as chat_links
from chat.models import Agent, Attachment, ChatSession, Message
from offline_messages.models import OfflineMessage
from offline_messages.services import leave_message
from scheduling import links as appointment_links
from scheduling.models import Appointment, AppointmentEvent, AppointmentReader, BusinessHours, Shift
from tests.chat.factories import ANA, NOW, at, conversing, end, note, say_as_agent, say_as_customer
from tests.chat.test_sending_files import checked, send
from tests.scheduling import cast

# In every text of the world; found in an answer, the answer told too much. The chat that goes on is its
# agent's alone, and has a word of its own.
SECRET = "zafiro"
OPEN_SECRET = "zafiro-abierto"
PROMISED = [
    ChatSession,
    Message,
    Attachment,
    Appointment,
    AppointmentEvent,
    AppointmentReader,
    OfflineMessage,
]


@dataclass(frozen=True, kw_only=True)
class World:
    """Ana's rows. `open_chat` is attended by Laura, the others are over or to come."""

    open_chat: ChatSession
    ended_chat: ChatSession
    appointment: Appointment
    left: OfflineMessage
    files: list[Attachment]
    line: Message

    @property
    def ids(self) -> dict[str, list[str]]:
        """What may stand in an address, by the name of the address's argument."""
        rows = [self.open_chat, self.ended_chat, self.appointment, self.left]
        folios = [row.folio for row in rows]
        keys = [*dict.fromkeys(str(row.pk) for row in rows)]
        return {
            "folio": folios,
            "public_id": [file.public_id.hex for file in self.files],
            "token": keys[:1],
            "object_id": keys,
            "id": [str(self.open_chat.agent_id)],
        }

    @property
    def links(self) -> dict[str, str]:
        """The tokens of the mails that Ana was sent."""
        return {
            "chat": chat_links.link_to(self.ended_chat).rstrip("/").rpartition("/")[2],
            "appointment": appointment_links.token_of(self.appointment),
        }

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """All of Ana's rows as they are now."""
        mine = {
            Message: {"session__visitor__key_hash": ANA.key_hash},
            ChatSession: {"visitor__key_hash": ANA.key_hash},
            Attachment: {"message__session__visitor__key_hash": ANA.key_hash},
            Appointment: {"pk": self.appointment.pk},
            AppointmentEvent: {"appointment": self.appointment.pk},
            AppointmentReader: {"appointment": self.appointment.pk},
            OfflineMessage: {"pk": self.left.pk},
        }
        assert set(mine) == set(PROMISED)
        return {model._meta.label: _values(model, kept) for model, kept in mine.items()}


def _values(model: type[models.Model], kept: dict[str, Any]) -> list[dict[str, Any]]:
    return list(model._default_manager.filter(**kept).order_by("pk").values())


def make_world(laura: Agent, text: str = SECRET, name: str = ANA.name) -> World:
    """Ana at ten on Tuesday. `text` stands in everything that she and others wrote."""
    ended = _chat(laura, text)
    end(ended)
    open_text = OPEN_SECRET if text == SECRET else text
    open_chat = _chat(laura, open_text)
    ChatSession.objects.filter(visitor__key_hash=ANA.key_hash).update(
        name=name, legal_name=text, program_version=text[:40], page_url=f"https://tienda.example/{text}"
    )
    ChatSession.objects.filter(pk=ended.pk).update(rating="good", rating_comment=text)
    return World(
        open_chat=ChatSession.objects.get(pk=open_chat.pk),
        ended_chat=ChatSession.objects.get(pk=ended.pk),
        appointment=_appointment(laura, text, name),
        left=leave_message(name=name, email=ANA.email, text=text, client_id=uuid.uuid4(), now=NOW),
        files=list(Attachment.objects.order_by("pk")),
        line=Message.objects.filter(session=open_chat, text=open_text).latest("pk"),
    )


def _chat(laura: Agent, text: str) -> ChatSession:
    session = conversing(laura)
    say_as_customer(session, text)
    say_as_agent(session, laura, text)
    note(session, laura, text)
    send(session, file=checked(f"{text}.png"))
    return session


def _appointment(laura: Agent, text: str, name: str) -> Appointment:
    service = cast.make_service()
    for weekday in range(5):
        BusinessHours.objects.get_or_create(weekday=weekday, opens_at=time(9), closes_at=time(14))
        Shift.objects.create(agent=laura, weekday=weekday, opens_at=time(9), closes_at=time(18))
    held = cast.services.hold_slot(
        service=service, starts_at=at("12:00", "2026-11-25"), hold_key=ANA.key_hash, now=NOW
    )
    details = cast.Details(
        name=name,
        email=ANA.email,
        rfc="EKU9003173C9",
        legal_name=text,
        program="CFDI Escritorio",
        program_version=text[:40],
        about=text,
    )
    return cast.services.book(
        hold_key=held.hold_key, client_id=uuid.uuid4(), details=details, now=NOW, key_hash=ANA.key_hash
    )
