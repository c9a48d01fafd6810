"""Sockets: decode, authorise, call one service, encode. Closing codes are in `chat/PROTOCOL.md`."""

from chat.consumers.agent import AgentConsumer
from chat.consumers.base import Close
from chat.consumers.customer import CustomerConsumer

__all__ = ["AgentConsumer", "Close", "CustomerConsumer"]
