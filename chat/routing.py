"""The two sockets of the product, by path."""

from channels.sessions import SessionMiddlewareStack

from chat.consumers import AgentConsumer, CustomerConsumer

SOCKETS = {
    "/ws/chat/": CustomerConsumer.open,
    # Customers have no session of staff, and need not carry one through every frame.
    "/ws/agente/": SessionMiddlewareStack(AgentConsumer.open),
}
