"""The booked hour as a chat: it begins by itself, with the agent who was kept free for it.

The agent's fault is never the customer's: whoever is there and finds the agent away, busy or disabled gets
another one, or the first place in the queue.
"""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from chat import emails, events
from chat.models import Agent, ChatSession, ChatSessionQuerySet, Program, Visitor
from chat.services.messages import Author, pass_the_turn, say, store_line
from chat.services.queue import accept_chat, candidates
from chat.services.rules import AgentIsFull, ChatEnded, ChatTaken
from core.acts import each
from core.errors import RuleBroken
from core.prepared import Prepared
from scheduling.models import Appointment
from scheduling.services import arrive, attend, due_to_start, may_come

# The rule under which a booked chat is told, once, that it waits.
NO_AGENT = "appointment.no-agent"


def start_due_appointments(now: datetime) -> None:
    """Begin the chats of booked hours whose customers are there, with an agent or else in the queue."""
    arrive_by_chat(now)
    # What waits in the queue because nobody was free has its chat already.
    each(_WITHOUT_CHAT.rows((), now), open_chat, now)
    # Those who have come are few; asked in one, the whole queue would be looked at.
    each(_UNSEATED.rows([pk for (pk,) in _HAVE_COME.tuples()]), seat, now)


def _unseated(come: Sequence[int]) -> ChatSessionQuerySet:
    """Chats of booked hours that wait and were not told why, also after a clock that stopped half-way."""
    return ChatSession.objects.waiting().filter(appointment__in=come).exclude(messages__rule=NO_AGENT)


_WITHOUT_CHAT = Prepared(lambda _none, now: due_to_start(now).filter(chat=None))
# In the order of the index that holds none but these.
_HAVE_COME = Prepared(
    lambda _none: (
        Appointment.objects.booked().filter(arrived_at__isnull=False).order_by("arrived_at").values_list("pk")
    )
)
_UNSEATED = Prepared(_unseated)


def arrive_by_chat(now: datetime) -> None:
    """Whoever is in a chat of ours at the booked hour is there, without entering the waiting room."""
    for appointment in _IN_CHAT.rows((), now):
        reader = appointment.readers.filter(key_hash__in=_open_chats()).first()
        # Too late by a moment, or the chat ended in between.
        with suppress(RuleBroken):
            if reader is not None:
                arrive(appointment=appointment, key_hash=reader.key_hash, now=now)


def _open_chats() -> "QuerySet[ChatSession, Any]":
    return ChatSession.objects.open().values("visitor__key_hash")


_IN_CHAT = Prepared(lambda _none, now: may_come(now).filter(readers__key_hash__in=_open_chats()).distinct())


def seat(session: ChatSession, now: datetime) -> None:
    """Give a booked chat to the booked agent, or another one; else it waits at the head of the queue.

    The fault is the agent's, so supervisors are told whenever it is not the booked one.
    """
    appointment = session.appointment
    assert appointment is not None  # noqa: S101  as `_unseated` chose it
    for agent in candidates(now, appointment):
        try:
            accept_chat(session=session, agent=agent, now=now)
        except AgentIsFull:
            continue
        except (ChatTaken, ChatEnded):
            return
        if agent.pk != appointment.agent_id:
            _tell_of_another(session, agent, now)
        return
    _wait(session, now)


@transaction.atomic
def open_chat(appointment: Appointment, now: datetime) -> None:
    """Open the appointment's chat at the head of the queue, with its identification filled in.

    A browser has one chat: when it is attended already, that chat is the booked one; when it waits for
    another booked hour, this one comes after it.
    """
    locked = Appointment.objects.lock(appointment.pk)
    is_there = locked.is_booked and locked.arrived_at is not None
    if not is_there or ChatSession.objects.filter(appointment=locked).exists():
        return
    visitor, _created = Visitor.objects.get_or_create(
        key_hash=locked.arrived_key_hash, defaults={"created_at": now}
    )
    session = _chat_of(visitor, now) or _new_chat(visitor, locked, now)
    if session.is_waiting and session.appointment is not None:
        return
    _tell_about(session, locked, now)
    session.refresh_from_db()
    if session.is_waiting:
        session.is_returned = True
    if session.identified_at is None:
        _identify(session, locked, now)
    if session.appointment is None:
        session.appointment = locked
    session.save()
    if session.agent is not None:
        attend(appointment=locked, agent=session.agent, now=now)
    events.announce_session(session)
    events.announce_queue()


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


def _identify(session: ChatSession, appointment: Appointment, now: datetime) -> None:
    """What was given when booking; a program that is no longer kept is asked again."""
    session.rfc = appointment.rfc
    session.legal_name = appointment.legal_name
    session.program_version = appointment.program_version
    session.program = Program.objects.filter(name=appointment.program).first()
    session.identified_at = now if session.program else None


def _tell_about(session: ChatSession, appointment: Appointment, now: datetime) -> None:
    """What the customer wanted to consult is said in the chat."""
    say(session, _("Cita %s.") % appointment.folio, rule="appointment.started", now=now)
    store_line(session, author=Author(), text=appointment.about, client_id=uuid.uuid4(), now=now)
    pass_the_turn(session, Author(), now)
    session.save()


@transaction.atomic
def _wait(session: ChatSession, now: datetime) -> None:
    session = ChatSession.objects.lock(session.pk)
    # An agent was faster, or another clock.
    if not session.is_waiting or session.messages.filter(rule=NO_AGENT).exists():
        return
    text = _(
        "Su agente no está disponible en este momento. No es por usted y su cita se conserva: está en el "
        "primer lugar de la cola y le atenderá el primer agente libre."
    )
    say(session, text, rule=NO_AGENT, now=now)
    session.save()
    emails.tell_supervisors(session)


@transaction.atomic
def _tell_of_another(session: ChatSession, agent: Agent, now: datetime) -> None:
    session = ChatSession.objects.lock(session.pk)
    appointment = session.appointment
    assert appointment is not None  # noqa: S101  as `seat` chose it
    text = _("%(booked)s no está disponible en este momento; le atiende %(agent)s.")
    names = {"booked": appointment.agent.shown_name, "agent": agent.shown_name}
    say(session, text % names, rule="appointment.other-agent", now=now)
    session.save()
    emails.tell_supervisors(session, taken_by=agent)
