"""The booked hour at ten: coming to it, and the clock at work on it."""

from datetime import timedelta

from chat.models import Agent, ChatSession
from chat.services import (
    give_sign_of_life,
)
from scheduling import services as scheduling
from scheduling.models import Appointment, Shift
from tests.chat.factories import (
    ANA,
    Customer,
    at,
)
from tests.rounds import do_round

TEN = at("10:00")

CARLA = Customer("Carla Solís", "carla@solis-contadores.mx", "carla-browser")

LAST = TEN + timedelta(minutes=10)


def on_shift(agent, capacity=1):
    """An agent who can be booked, is available, and has room for so many chats."""
    Shift.objects.create(agent=agent, weekday=1, opens_at="09:00", closes_at="14:00")
    Agent.objects.filter(pk=agent.pk).update(capacity=capacity)
    agent.refresh_from_db()
    return agent


def come(booked, now):
    """Ana's browser enters the waiting room."""
    scheduling.arrive(appointment=booked, key_hash=ANA.key_hash, now=now)


def the_chat():
    return ChatSession.objects.get()


def state_of(booked):
    return Appointment.objects.get(pk=booked.pk).state


def clock_at(now, *agents):
    """One round of the clock, with the consoles of these agents alive."""
    for agent in agents:
        give_sign_of_life(agent=agent, now=now)
    do_round(now)
