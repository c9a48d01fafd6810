"""The booked hour as a chat: it begins by itself, with the agent who was kept free for it.

The agent's fault is never the customer's: whoever is there and finds the agent away, busy or disabled gets
another one, or the first place in the queue.
"""

import uuid
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from chat import emails, events
from chat.models import Agent, ChatSession, Program, Visitor
from chat.services.messages import Author, Draft, post_message, say
from chat.services.queue import accept_chat, has_room
from chat.services.rules import AgentIsFull, ChatEnded, ChatTaken
from scheduling.models import Appointment
from scheduling.services import attend, due_to_start


def start_due_appointments(now: datetime) -> None:
    """Begin the chats of booked hours whose customers are there."""
    # What waits in the queue because nobody was free has its chat already.
    for appointment in due_to_start(now).filter(chat=None):
        start_appointment(appointment=appointment, now=now)


def start_appointment(*, appointment: Appointment, now: datetime) -> ChatSession | None:
    """Open the chat of an appointment with the booked agent, another one, or at the head of the queue.

    None when another clock was faster, or the browser has gone on with another chat of its own.
    """
    session = _open(appointment, now)
    if session is None:
        return None
    for agent in _candidates(appointment, now):
        try:
            return accept_chat(session=session, agent=agent, now=now)
        except AgentIsFull:
            continue
        except (ChatTaken, ChatEnded):
            return session
    return _wait(session, now)


@transaction.atomic
def _open(appointment: Appointment, now: datetime) -> ChatSession | None:
    """The appointment's chat, at the head of the queue, with its identification filled in."""
    locked = Appointment.objects.lock(appointment.pk)
    is_there = locked.is_booked and locked.arrived_at is not None
    if not is_there or ChatSession.objects.filter(appointment=locked).exists():
        return None
    visitor, _created = Visitor.objects.get_or_create(
        key_hash=locked.arrived_key_hash, defaults={"created_at": now}
    )
    session = _chat_of(visitor, now) or _new_chat(visitor, locked, now)
    if not session.is_waiting:
        _join(session, locked, now)
        return None
    session.appointment = locked
    session.is_returned = True
    if session.identified_at is None:
        _identify(session, locked, now)
    session.save()
    _tell_about(session, locked, now)
    session.refresh_from_db()
    events.announce_session(session)
    events.announce_queue()
    return session


def _chat_of(visitor: Visitor, now: datetime) -> ChatSession | None:
    """Somebody who came by the booked hour may be waiting in the queue, or be attended already."""
    ChatSession.objects.ended().filter(visitor=visitor, put_away_at=None).update(put_away_at=now)
    known = ChatSession.objects.open().filter(visitor=visitor).first()
    return ChatSession.objects.lock(known.pk) if known else None


def _new_chat(visitor: Visitor, appointment: Appointment, now: datetime) -> ChatSession:
    return ChatSession.objects.create(
        visitor=visitor,
        name=appointment.name,
        email=appointment.email,
        created_at=now,
        queued_at=now,
        patience_since=now,
    )


def _join(session: ChatSession, appointment: Appointment, now: datetime) -> None:
    """The customer is already attended: that chat is the booked one."""
    session.appointment = appointment
    session.save(update_fields=["appointment"])
    if session.agent is not None:
        attend(appointment=appointment, agent=session.agent, now=now)


def _identify(session: ChatSession, appointment: Appointment, now: datetime) -> None:
    """What was given when booking; a program that is no longer kept is asked again."""
    session.rfc = appointment.rfc
    session.legal_name = appointment.legal_name
    session.program_version = appointment.program_version
    session.program = Program.objects.filter(name=appointment.program).first()
    session.identified_at = now if session.program else None


def _tell_about(session: ChatSession, appointment: Appointment, now: datetime) -> None:
    """What the customer wanted to consult is the first line, once."""
    say(session, _("Cita %s.") % appointment.folio, rule="appointment.started", now=now)
    session.save()
    # One appointment makes one line, however often it is tried.
    draft = Draft(text=appointment.about, client_id=uuid.uuid5(uuid.NAMESPACE_OID, f"cita/{appointment.pk}"))
    post_message(session=session, author=Author(), draft=draft, now=now)


def _candidates(appointment: Appointment, now: datetime) -> list[Agent]:
    """The booked agent first, then the others who are available, least busy first."""
    available = [
        agent for agent in Agent.objects.available(now).by_load() if has_room(agent, now, appointment)
    ]
    return sorted(available, key=lambda agent: agent.pk != appointment.agent_id)


@transaction.atomic
def _wait(session: ChatSession, now: datetime) -> ChatSession:
    session = ChatSession.objects.lock(session.pk)
    text = _(
        "Su agente no está disponible en este momento. No es por usted y su cita se conserva: está en el "
        "primer lugar de la cola y le atenderá el primer agente libre."
    )
    say(session, text, rule="appointment.no-agent", now=now)
    session.save()
    emails.tell_supervisors(session)
    return session
