"""What becomes due with time. Every act is conditional: two clocks may attempt it, and it happens once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat import events
from chat.models import Agent, ChatSession, ChatSessionQuerySet
from chat.services.appointments import start_due_appointments
from chat.services.messages import say
from chat.services.queue import assign_waiting, return_to_queue
from chat.services.rules import NotWaiting
from chat.services.sessions import close, leave_as_message
from core import soft_cache
from core.acts import each
from core.prepared import Prepared
from offline_messages.models import OfflineMessage
from scheduling.calendar import OpeningCalendar
from scheduling.models import AppointmentEvent
from scheduling.services import current_calendar
from scheduling.wording import instant_in_words

_TOLD_AGENDA = "chat.agenda_told"
_TOLD_OFFLINE_MESSAGES = "chat.offline_messages_told"


def due_acts() -> list[Callable[[datetime], object]]:
    """The acts of one round of the clock, in the order in which they must happen."""
    return [
        end_silent,
        warn_silent,
        return_vanished,
        turn_waiting_into_messages,
        start_due_appointments,
        offer_message,
        assign,
        tell_offline_messages,
        tell_agenda,
    ]


def end_silent(now: datetime) -> None:
    """Manual, "Continuidad en el chat": a customer who does not answer for long loses the session."""
    each(_SILENT.rows((), now), _end_silent, now)


def enforce(session: ChatSession, now: datetime) -> bool:
    """Whether silence or closing time has ended a chat, which is done here if the clock is late."""
    if session.is_overdue(now):
        _end_silent(session, now)
        return True
    if session.is_waiting and not (calendar := current_calendar()).is_open(now):
        _close_waiting(session, calendar, now)
        return True
    return False


@transaction.atomic
def _end_silent(session: ChatSession, now: datetime) -> None:
    session = ChatSession.objects.lock(session.pk)
    if session.is_overdue(now):
        minutes = int(settings.CHAT_INACTIVITY_END.total_seconds() // 60)
        line = ngettext(
            "El chat finalizó por inactividad: pasó %(minutes)d minuto sin respuesta del cliente. "
            "Si aún necesita ayuda, inicie otro chat.",
            "El chat finalizó por inactividad: pasaron %(minutes)d minutos sin respuesta del cliente. "
            "Si aún necesita ayuda, inicie otro chat.",
            minutes,
        )
        close(session, ChatSession.EndReason.INACTIVITY, now, line % {"minutes": minutes})


def warn_silent(now: datetime) -> None:
    """Warn once for each silence, with what ends it."""
    each(_UNWARNED.rows((), now), _warn, now)


@transaction.atomic
def _warn(session: ChatSession, now: datetime) -> None:
    session = ChatSession.objects.lock(session.pk)
    due_at = session.warning_due_at
    if session.warned_at is not None or due_at is None or now < due_at:
        return
    session.warned_at = now
    say(session, _warning(), rule="inactivity.warned", now=now)
    session.save()
    events.announce_session(session)


def _warning() -> str:
    seconds = settings.CHAT_INACTIVITY_END - settings.CHAT_INACTIVITY_WARNING
    minutes = max(1, round(seconds.total_seconds() / 60))
    line = ngettext(
        "¿Sigue ahí? Si no responde en %(minutes)d minuto, el chat finalizará por inactividad. "
        "Escriba, o elija «Sigo aquí».",
        "¿Sigue ahí? Si no responde en %(minutes)d minutos, el chat finalizará por inactividad. "
        "Escriba, o elija «Sigo aquí».",
        minutes,
    )
    return line % {"minutes": minutes}


def return_vanished(now: datetime) -> None:
    """An agent who vanished, or was disabled, loses the chats to the head of the queue."""
    gone = Q(agent__last_seen_at__lte=now - settings.CHAT_AGENT_VANISHED) | Q(agent__last_seen_at=None)
    gone |= Q(agent__is_active=False)
    # Agents are few, and chats by the index of theirs: asked in one, all open chats would be looked at.
    each(_ACTIVE_OF.rows([pk for (pk,) in _GONE.tuples((), now)]), _return_vanished, gone, now)


_GONE = Prepared(lambda _none, now: Agent.objects.gone(now).values_list("pk"))
_ACTIVE_OF = Prepared(
    lambda agents: ChatSession.objects.active().filter(agent__in=agents).order_by("accepted_at")
)


def _return_vanished(session: ChatSession, gone: Q, now: datetime) -> bool:
    return return_to_queue(session=session, now=now, still=gone)


def turn_waiting_into_messages(now: datetime) -> None:
    """At closing time the chats still waiting are told and become messages; those in progress may finish."""
    calendar = current_calendar()
    if calendar.is_open(now):
        return
    each(ChatSession.objects.waiting(), _close_waiting, calendar, now)


def _close_waiting(session: ChatSession, calendar: OpeningCalendar, now: datetime) -> None:
    line = _closing_line(calendar.next_opening(now))
    # Somebody else was faster: the clock, the page, or an agent.
    with suppress(NotWaiting):
        leave_as_message(session=session, reason=ChatSession.EndReason.CLOSING, line=line, now=now)


def _closing_line(opening: datetime | None) -> str:
    line = _("Terminó el horario de atención y ningún agente pudo tomar su chat.")
    if opening is None:
        return line
    return line + " " + _("Volvemos %(opening)s.") % {"opening": instant_in_words(opening)}


def offer_message(now: datetime) -> None:
    """Nobody took the chat: offer to keep waiting or to leave it as a message."""
    each(_TIRED.rows((), now), _offer, now)


def _tired(now: datetime) -> ChatSessionQuerySet:
    tired = ChatSession.objects.waiting().filter(patience_since__lte=now - settings.CHAT_OFFER_MESSAGE)
    return tired.filter(offered_at=None).order_by("patience_since")


_TIRED = Prepared(lambda _none, now: _tired(now))


@transaction.atomic
def _offer(session: ChatSession, now: datetime) -> None:
    session = ChatSession.objects.lock(session.pk)
    if not session.is_waiting or session.offered_at is not None:
        return
    session.offered_at = now
    text = _(
        "Aún no hay un agente libre. Puede seguir esperando su turno o dejar lo que escribió como mensaje."
    )
    say(session, text, rule="queue.offer", now=now)
    session.save()
    events.announce_session(session)


def assign(now: datetime) -> None:
    if settings.CHAT_AUTO_ASSIGN:
        assign_waiting(now=now)


def tell_offline_messages(_now: datetime) -> None:
    """Tell the consoles how many offline messages wait, when it is another number than was told last.

    Messages come and are answered in an app that knows nothing of consoles.
    """
    waiting = OfflineMessage.objects.waiting().count()
    if soft_cache.recall(_TOLD_OFFLINE_MESSAGES) != waiting:
        soft_cache.keep(_TOLD_OFFLINE_MESSAGES, waiting, None)
        events.announce(events.OfflineMessagesChanged(waiting=waiting), events.AGENTS_GROUP)


def tell_agenda(_now: datetime) -> None:
    """Tell the consoles that an appointment moved. Scheduling knows nothing of consoles."""
    newest = next((pk for (pk,) in _NEWEST_EVENT.tuples()), 0)
    if soft_cache.recall(_TOLD_AGENDA) != newest:
        soft_cache.keep(_TOLD_AGENDA, newest, None)
        events.announce(events.AgendaChanged(newest=newest), events.AGENTS_GROUP)


_NEWEST_EVENT = Prepared(lambda _none: AppointmentEvent.objects.order_by("-pk").values_list("pk")[:1])


def _silent_since(turn: datetime) -> ChatSessionQuerySet:
    """Chats in which the customer has been expected to answer since then, the longest first."""
    return ChatSession.objects.active().filter(customer_turn_since__lte=turn).order_by("customer_turn_since")


_SILENT = Prepared(lambda _none, now: _silent_since(now - settings.CHAT_INACTIVITY_END))
_UNWARNED = Prepared(
    lambda _none, now: _silent_since(now - settings.CHAT_INACTIVITY_WARNING).filter(warned_at=None)
)
