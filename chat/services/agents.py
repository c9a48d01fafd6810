"""Agents' own state: whether they take chats, and that they are there."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction

from chat import events
from chat.models import Agent


@transaction.atomic
def set_available(*, agent: Agent, is_available: bool, now: datetime) -> Agent:
    """Disponible or Ausente. Being away keeps the chats at hand and takes no new ones."""
    Agent.objects.filter(pk=agent.pk).update(is_available=is_available, last_seen_at=now)
    agent.refresh_from_db()
    access_changed(agent=agent)
    return agent


def give_sign_of_life(*, agent: Agent, now: datetime) -> bool:
    """Record that the agent's console lives. False when the account is no longer active."""
    return bool(give_signs_of_life(agents=[agent.pk], now=now))


def give_signs_of_life(*, agents: Collection[int], now: datetime) -> int:
    """Record that the consoles of these agents, by their numbers, live; how many have an active account."""
    return Agent.objects.filter(pk__in=agents, is_active=True).update(last_seen_at=now)


@transaction.atomic
def set_group(*, agent: Agent, name: str) -> None:
    """Make somebody an agent or a supervisor, never both at once."""
    agent.groups.set([Group.objects.get(name=name)])
    access_changed(agent=agent)


def access_changed(*, agent: Agent) -> None:
    """Let the agent's open sockets ask whether they may stay: new group, disabled, new password."""
    events.announce(events.AccessChanged(agent=agent.pk), events.agent_group(agent.pk))
