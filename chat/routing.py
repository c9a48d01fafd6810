"""The two sockets of the product."""

from channels.sessions import SessionMiddlewareStack
from django.urls import path

from chat.consumers import AgentConsumer, CustomerConsumer

websocket_urlpatterns = [
    path("ws/chat/", CustomerConsumer.as_asgi()),
    # Customers have no session of staff, and need not carry one through every frame.
    path("ws/agente/", SessionMiddlewareStack(AgentConsumer.as_asgi())),
]
