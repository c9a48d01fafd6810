"""The two sockets of the product."""

from django.urls import path

from chat.consumers import AgentConsumer, CustomerConsumer

websocket_urlpatterns = [
    path("ws/chat/", CustomerConsumer.as_asgi()),
    path("ws/agente/", AgentConsumer.as_asgi()),
]
