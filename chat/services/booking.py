"""Hours that an agent offers inside a chat, and the one that the customer chooses there."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from chat import events
from chat.models import Agent, ChatSession, Message
from chat.services.messages import Author, pass_the_turn, say
from chat.services.rules import NothingToOffer, NotIdentified, OfferGone
from chat.services.sessions import lock_open
from scheduling.models import Appointment, Service
from scheduling.services import Details, SlotTaken, active_services, book, hold_slot, next_free
from scheduling.slots import Slot
from scheduling.wording import hour_in_short, hour_in_words


@transaction.atomic
def offer_hours(*, session: ChatSession, agent: Agent, now: datetime) -> ChatSession:
    """Show the customer the next three hours that can be booked, to choose from in the chat.

    What was offered before is replaced. Raises ChatEnded, NotYourChat, NotIdentified (an appointment needs
    the identification) and NothingToOffer.
    """
    session = lock_open(session, now, agent)
    if session.identified_at is None:
        raise NotIdentified
    slots = next_free(service=_service(), now=now)
    if not slots:
        raise NothingToOffer
    _offer(session, slots)
    text = _("%(agent)s le ofrece una cita. Elija la hora: %(hours)s.")
    hours = "; ".join(hour_in_short(slot.starts_at) for slot in slots)
    say(session, text % {"agent": agent.shown_name, "hours": hours}, rule="appointment.offered", now=now)
    pass_the_turn(session, Author(agent), now)
    session.save()
    events.announce_session(session)
    return session


def book_offered(
    *, session: ChatSession, starts_at: datetime, client_id: uuid.UUID, now: datetime
) -> Appointment:
    """Book one of the offered hours with what the chat knows of its customer, and say so in the chat.

    The same `client_id` again returns the same appointment. Raises ChatEnded, OfferGone,
    TooManyAppointments, and SlotTaken, after which the nearest hours that are still free are offered.
    """
    try:
        return _book_offered(session, starts_at, client_id, now)
    except SlotTaken as taken:
        _offer_others(session, taken.nearest, now)
        raise


@transaction.atomic
def _book_offered(
    session: ChatSession, starts_at: datetime, client_id: uuid.UUID, now: datetime
) -> Appointment:
    known = Appointment.objects.filter(client_id=client_id).first()
    if known is not None:
        return known
    if starts_at not in ChatSession.objects.get(pk=session.pk).hours_to_choose:
        raise OfferGone
    # Before the chat's row: whoever gives hours locks the agents first.
    key_hash = session.visitor.key_hash
    hold_slot(service=_service(), starts_at=starts_at, hold_key=key_hash, now=now)
    details = _details(session)
    booked = book(hold_key=key_hash, client_id=client_id, details=details, now=now, key_hash=key_hash)
    session = lock_open(session, now)
    _offer(session, [])
    say(session, _booked_line(booked, now), rule="appointment.booked", now=now)
    pass_the_turn(session, Author(), now)
    session.save()
    events.announce_session(session)
    return booked


@transaction.atomic
def decline_offered(*, session: ChatSession, now: datetime) -> ChatSession:
    """The customer wants none of the offered hours; again is harmless. Raises ChatEnded."""
    session = lock_open(session, now)
    if session.offered_hours:
        _offer(session, [])
        text = _("%(customer)s no eligió ninguna de las horas.") % {"customer": session.name}
        say(session, text, rule="appointment.declined", now=now)
        pass_the_turn(session, Author(), now)
        session.save()
        events.announce_session(session)
    return session


@transaction.atomic
def _offer_others(session: ChatSession, slots: Sequence[Slot], now: datetime) -> None:
    session = lock_open(session, now)
    _offer(session, slots)
    session.save()
    events.announce_session(session)


def _offer(session: ChatSession, slots: Sequence[Slot]) -> None:
    session.offered_hours = [events.instant(slot.starts_at) for slot in slots]


def _service() -> Service:
    """What is booked from a chat: the service that is offered first."""
    service = next(iter(active_services()), None)
    if service is None:
        raise NothingToOffer
    return service


def _details(session: ChatSession) -> Details:
    lines = session.messages.filter(author=Message.Author.CUSTOMER).order_by("number")
    first_words = lines.values_list("text", flat=True).first() or ""
    about = _("Continuación del chat %(folio)s: %(words)s")
    return Details(
        name=session.name,
        email=session.email,
        rfc=session.rfc,
        legal_name=session.legal_name,
        program=session.program.name if session.program else "",
        program_version=session.program_version,
        about=about % {"folio": session.folio, "words": first_words},
    )


def _booked_line(booked: Appointment, now: datetime) -> str:
    text = _("Cita %(folio)s agendada: %(hour)s. Enviamos la confirmación a %(email)s.")
    hour = hour_in_words(booked.starts_at, now)
    return text % {"folio": booked.folio, "hour": hour, "email": booked.email}
