"""The life of a chat as its customer moves it: start, identify, stay, end, rate."""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from chat import emails, events
from chat.models import Agent, ChatSession, Message, Program, Visitor
from chat.services.messages import Author, Draft, say
from chat.services.rules import (
    ChatEnded,
    NotEnded,
    NotWaiting,
    NotYourChat,
    SupportClosed,
    TooManyChats,
)
from chat.services.together import post_message
from core.fields import rfc_check_digit_matches
from offline_messages.models import OfflineMessage
from offline_messages.services import leave_message
from scheduling.models import AppointmentEvent
from scheduling.services import NotBooked, cancel, current_calendar

Reason = ChatSession.EndReason
Actor = AppointmentEvent.Actor
# Why a waiting chat ends when its customer wants it to.
OF_CUSTOMER = {Reason.CUSTOMER, Reason.LEFT_MESSAGE}


@dataclass(frozen=True, kw_only=True)
class ChatStart:
    """What a customer gives before a chat: who writes, and the first message."""

    name: str
    email: str
    text: str
    client_id: uuid.UUID
    page_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Identification:
    """Manual: "el RFC, el Nombre o Razón Social y programa que usas", with its version."""

    rfc: str
    legal_name: str
    program: Program
    program_version: str


def start_chat(*, key_hash: str, start: ChatStart, now: datetime) -> ChatSession:
    """Open a chat in the queue whose first message is the text typed first.

    The same `client_id` again returns the same chat. Raises TooManyChats when this browser already has an
    open one, and SupportClosed out of hours.
    """
    try:
        return _start(key_hash, start, now)
    except IntegrityError:
        # Two requests of one browser at once: the other one won, and this one now sees it.
        return _start(key_hash, start, now)


@transaction.atomic
def _start(key_hash: str, start: ChatStart, now: datetime) -> ChatSession:
    visitor, _created = Visitor.objects.get_or_create(key_hash=key_hash, defaults={"created_at": now})
    # With other words it is an old form written anew (the back button): those words are no repetition.
    same = {"messages__client_id": start.client_id, "messages__text": start.text}
    known = ChatSession.objects.filter(visitor=visitor, **same).first()
    if known is not None:
        return known
    if ChatSession.objects.open().filter(visitor=visitor).exists():
        raise TooManyChats
    if not current_calendar().is_open(now):
        raise SupportClosed
    ChatSession.objects.filter(visitor=visitor, put_away_at=None).update(put_away_at=now)
    session = ChatSession.objects.create(
        visitor=visitor,
        name=start.name,
        email=start.email,
        page_url=start.page_url,
        created_at=now,
        queued_at=now,
        patience_since=now,
    )
    draft = Draft(text=start.text, client_id=start.client_id)
    post_message(session=session, author=Author(), draft=draft, now=now)
    session.refresh_from_db()
    events.announce_session(session)
    events.announce_queue()
    return session


@transaction.atomic
def identify(
    *, session: ChatSession, identification: Identification, now: datetime, agent: Agent | None = None
) -> ChatSession:
    """Record who asks and about which program; the customer, or the agent for them. May be corrected.

    Raises ChatEnded, and NotYourChat for an agent the chat is not assigned to.
    """
    session = lock_open(session, now, agent)
    if _is_known(session, identification):
        return session
    session.rfc = identification.rfc
    session.legal_name = identification.legal_name
    session.program = identification.program
    session.program_version = identification.program_version
    session.identified_at = now
    if agent is None:
        session.customer_turn_since = session.warned_at = None
    say(session, _identification_line(session), rule="identification.received", now=now)
    if not rfc_check_digit_matches(session.rfc):
        say(session, _check_digit_remark(session.rfc), rule="identification.check-digit", now=now)
    session.save()
    events.announce_session(session)
    return session


def _is_known(session: ChatSession, identification: Identification) -> bool:
    known = (session.rfc, session.legal_name, session.program, session.program_version)
    return session.identified_at is not None and known == tuple(vars(identification).values())


def _identification_line(session: ChatSession) -> str:
    return _("Identificación recibida: %(rfc)s, %(legal_name)s, %(program)s %(version)s.") % {
        "rfc": session.rfc,
        "legal_name": session.legal_name,
        "program": session.program,
        "version": session.program_version,
    }


def _check_digit_remark(rfc: str) -> str:
    return _(
        "Revise por favor el RFC %(rfc)s: su último carácter no coincide con el que se calcula. "
        "Si así aparece en su constancia, no necesita hacer nada."
    ) % {"rfc": rfc}


@transaction.atomic
def stay(*, session: ChatSession, now: datetime) -> ChatSession:
    """«Sigo aquí»: the silence is counted from now. Raises ChatEnded when it is too late."""
    session = lock_open(session, now)
    if session.customer_turn_since is not None:
        session.customer_turn_since = now
        session.warned_at = None
        session.save()
        events.announce_session(session)
    return session


@transaction.atomic
def keep_waiting(*, session: ChatSession, now: datetime) -> ChatSession:
    """The customer prefers to wait; the offer to leave a message comes again later."""
    session = _lock_waiting(session)
    session.patience_since = now
    session.offered_at = None
    session.save()
    events.announce_session(session)
    return session


@transaction.atomic
def end_chat(*, session: ChatSession, reason: str, now: datetime, agent: Agent | None = None) -> ChatSession:
    """End a chat and say why. Ending an ended chat changes nothing; NotYourChat for another agent."""
    session = ChatSession.objects.lock(session.pk)
    if session.is_ended:
        return session
    if agent is not None and session.agent_id != agent.pk:
        raise NotYourChat
    return close(session, reason, now, _end_line(session, reason))


def close(session: ChatSession, reason: str, now: datetime, line: str) -> ChatSession:
    """Write the end of a locked, open chat."""
    say(session, line, rule=f"ended.{reason}", now=now)
    was_waiting = session.is_waiting
    session.state = ChatSession.State.ENDED
    session.end_reason = reason
    session.ended_at = now
    session.customer_turn_since = session.warned_at = session.offered_at = None
    session.offered_hours = []
    session.save()
    if was_waiting and session.appointment is not None:
        # It was attended when an agent took it; what no agent took is over, and not the customer's fault.
        with suppress(NotBooked):
            cancel(
                appointment=session.appointment,
                now=now,
                actor=Actor.CUSTOMER if reason in OF_CUSTOMER else Actor.CLOCK,
                reason=session.get_end_reason_display(),
            )
    events.announce_session(session)
    if was_waiting:
        events.announce_queue()
    return session


def _end_line(session: ChatSession, reason: str) -> str:
    lines = {
        Reason.CUSTOMER: _("%(customer)s finalizó el chat. Gracias por comunicarse con Facturando."),
        Reason.AGENT: _("%(agent)s finalizó el chat. Gracias por comunicarse con Facturando."),
    }
    agent = session.agent.shown_name if session.agent else ""
    return lines[Reason(reason)] % {"customer": session.name, "agent": agent}


@transaction.atomic
def leave_as_message(*, session: ChatSession, reason: str, line: str = "", now: datetime) -> ChatSession:
    """Turn a waiting chat into an offline message that holds all that the customer wrote.

    Raises NotWaiting when an agent took it meanwhile. `line` says which rule did it.
    """
    session = _lock_waiting(session)
    left = _message_of(session, reason, now)
    session.offline_message = left
    told = _(
        "Su chat quedó como mensaje con el folio %(folio)s. Le responderemos por correo a %(email)s."
    ) % {
        "folio": left.folio,
        "email": session.email,
    }
    return close(session, reason, now, f"{line} {told}".strip())


def _message_of(session: ChatSession, reason: str, now: datetime) -> OfflineMessage:
    origin = OfflineMessage.Origin.CLOSING if reason == Reason.CLOSING else OfflineMessage.Origin.WAITING
    return leave_message(
        name=session.name,
        email=session.email,
        text=words_of_customer(session),
        # The chat's locked row makes it one message. An id that strangers could guess, they could use before.
        client_id=uuid.uuid4(),
        origin=origin,
        now=now,
    )


def words_of_customer(session: ChatSession) -> str:
    """All that the customer wrote in a chat, a line each; files by their names."""
    lines = session.messages.filter(author=Message.Author.CUSTOMER).order_by("number")
    return "\n".join(_("[Archivo: %s]") % line.text if line.is_file else line.text for line in lines)


@transaction.atomic
def rate(*, session: ChatSession, rating: str, comment: str) -> ChatSession:
    """Keep the customer's opinion of an ended chat; the last one counts. Raises NotEnded."""
    session = _lock_ended(session)
    session.rating = ChatSession.Rating(rating)
    session.rating_comment = comment
    session.save(update_fields=["rating", "rating_comment"])
    return session


@transaction.atomic
def send_transcript(*, session: ChatSession) -> None:
    """Queue the whole conversation to the customer's own address. Raises NotEnded."""
    emails.send_transcript(_lock_ended(session))


@transaction.atomic
def let_read(*, session: ChatSession, key_hash: str, now: datetime) -> None:
    """Let the browser with this key read an ended chat; again is harmless. Raises NotEnded."""
    session = _lock_ended(session)
    visitor, _created = Visitor.objects.get_or_create(key_hash=key_hash, defaults={"created_at": now})
    session.readers.add(visitor)


@transaction.atomic
def put_away(*, session: ChatSession, now: datetime) -> None:
    """The customer is done with an ended chat; the page starts anew. Raises NotEnded."""
    session = _lock_ended(session)
    session.put_away_at = session.put_away_at or now
    session.save(update_fields=["put_away_at"])


def lock_open(session: ChatSession, now: datetime, agent: Agent | None = None) -> ChatSession:
    """The locked row of a chat that goes on. Raises ChatEnded, and NotYourChat for another agent."""
    session = ChatSession.objects.lock(session.pk)
    if session.is_ended or session.is_overdue(now):
        raise ChatEnded
    if agent is not None and session.agent_id != agent.pk:
        raise NotYourChat
    return session


def _lock_waiting(session: ChatSession) -> ChatSession:
    session = ChatSession.objects.lock(session.pk)
    if not session.is_waiting:
        raise NotWaiting
    return session


def _lock_ended(session: ChatSession) -> ChatSession:
    session = ChatSession.objects.lock(session.pk)
    if not session.is_ended:
        raise NotEnded
    return session
