"""The queue: who is next, who takes them, and giving a chat back."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from chat import events
from chat.models import Agent, ChatSession, Message
from chat.services.messages import say, welcome
from chat.services.rules import AgentIsFull, ChatEnded, ChatTaken, SeatIsKept
from scheduling.models import Appointment
from scheduling.services import attend, current_calendar, kept_for

W, A = ChatSession.State.WAITING, ChatSession.State.ACTIVE


def accept_chat(*, session: ChatSession, agent: Agent, now: datetime) -> ChatSession:
    """Give a waiting chat to an agent, with the agent's welcome.

    Two agents at once: the row count of a conditional update decides. The other gets ChatTaken with the
    name of who has it; AgentIsFull and ChatEnded say what they say. Taking one's own chat again is harmless.
    An agent who is away is given none, and may take one all the same.
    """
    with transaction.atomic():
        # Not the key: lines that only refer to the agent need not wait, nor wait in a circle.
        locked = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
        taken = _take(session, locked, now)
        session = ChatSession.objects.lock(session.pk)
        if taken:
            _greet(session, locked, now)
            return session
    if session.agent_id == agent.pk and session.is_active:
        return session
    if session.is_active and session.agent:
        raise ChatTaken(by=session.agent.shown_name)
    raise ChatEnded


def _take(session: ChatSession, agent: Agent, now: datetime) -> bool:
    waiting = ChatSession.objects.filter(pk=session.pk, state=W)
    # A full agent who takes their own chat again, or is too late, is told so and not of being full.
    if waiting.exists():
        check_room(agent, now, session.appointment)
    return bool(
        waiting.update(
            state=A, agent=agent, accepted_at=Coalesce("accepted_at", now), is_returned=False, offered_at=None
        )
    )


def check_room(agent: Agent, now: datetime, appointment: Appointment | None = None) -> None:
    """Raises AgentIsFull when an agent may not take one more chat, SeatIsKept when an hour keeps the seat.

    A seat is kept for each booked hour that has come; an appointment's own seat, and those of later hours,
    are no obstacle to it.
    """
    free = agent.capacity - ChatSession.objects.filter(agent=agent, state=A).count()
    if free <= 0:
        raise AgentIsFull
    kept = kept_for(now).get(agent.pk, [])
    before = kept[: kept.index(appointment)] if appointment in kept else kept
    if len(before) >= free:
        raise SeatIsKept(before[0])


def has_room(agent: Agent, now: datetime, appointment: Appointment | None = None) -> bool:
    """Whether an agent may take one more chat."""
    try:
        check_room(agent, now, appointment)
    except AgentIsFull:
        return False
    return True


def _greet(session: ChatSession, agent: Agent, now: datetime) -> None:
    Agent.objects.filter(pk=agent.pk).update(last_assigned_at=now)
    has_asked = session.identified_at is not None and _spoke_last(session)
    welcome(session, agent, now)
    if has_asked:
        # Given back to the queue with a question unanswered: it is not the customer who is silent.
        session.customer_turn_since = None
    if session.appointment is not None:
        attend(appointment=session.appointment, agent=agent, now=now)
    if session.identified_at is None:
        say(session, identification_request(), rule="identification.asked", now=now)
    session.save()
    events.announce_session(session)
    events.announce_queue()


def _spoke_last(session: ChatSession) -> bool:
    """Whether the newest line of a person, notes aside, is the customer's."""
    people = session.messages.exclude(author=Message.Author.SYSTEM).exclude(number=None)
    newest = people.order_by("number").last()
    return newest is not None and newest.author == Message.Author.CUSTOMER


def identification_request() -> str:
    return _(
        "Para atenderle, identifíquese con su RFC, su nombre o razón social y el programa que usa con su "
        "versión."
    )


def assign_waiting(*, now: datetime) -> int:
    """Give waiting chats to the least busy available agents with room; return how many were given."""
    given = 0
    is_full = False
    for session in ChatSession.objects.waiting().select_related("appointment"):
        # A kept seat is free for its own appointment alone, which may stand anywhere in the queue.
        if is_full and session.appointment is None:
            continue
        agent = next(iter(candidates(now, session.appointment)), None)
        if agent is None:
            is_full = session.appointment is None or is_full
            continue
        try:
            accept_chat(session=session, agent=agent, now=now)
        except (ChatTaken, ChatEnded, AgentIsFull):
            continue
        given += 1
    return given


def candidates(now: datetime, appointment: Appointment | None) -> list[Agent]:
    """Who may be given a chat: available agents with room, the booked one first, then the least busy."""
    available = [
        agent for agent in Agent.objects.available(now).by_load() if has_room(agent, now, appointment)
    ]
    return sorted(available, key=lambda agent: appointment is None or agent.pk != appointment.agent_id)


def place_in_queue(session: ChatSession) -> int | None:
    """1 for the head of the queue; None for a chat that does not wait."""
    order = list(ChatSession.objects.waiting().values_list("pk", flat=True))
    return order.index(session.pk) + 1 if session.pk in order else None


@transaction.atomic
def return_to_queue(*, session: ChatSession, now: datetime, still: Q = Q()) -> bool:  # noqa: B008
    """Put the chat of a vanished agent at the head of the queue and tell the customer.

    False when it moved on meanwhile, or no longer is as `still` says: the agent came back. Its
    identification and lines stay.
    """
    agent_id = session.agent_id
    if agent_id is None:
        return False
    session = ChatSession.objects.lock(session.pk)
    # Asked on the locked row: what the condition joins is not looked at again by a conditional update.
    if not ChatSession.objects.filter(still, pk=session.pk, state=A, agent=agent_id).exists():
        return False
    session.state, session.agent, session.is_returned, session.patience_since = W, None, True, now
    session.customer_turn_since = session.warned_at = None
    say(session, _vanished_line(now), rule="agent.vanished", now=now)
    session.save()
    events.announce_session(session)
    events.announce_queue()
    return True


def _vanished_line(now: datetime) -> str:
    lost = _("El agente que le atendía perdió la conexión.")
    if not current_calendar().is_open(now):
        # What happens next is said by closing time, in the same round of the clock.
        return lost
    next_step = _(
        "Su chat volvió al principio de la cola y otro agente lo atenderá en cuanto pueda; no necesita "
        "hacer nada. Puede seguir escribiendo."
    )
    return f"{lost} {next_step}"
