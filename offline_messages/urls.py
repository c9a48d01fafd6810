"""Addresses for leaving a message and, for agents, for answering it."""

from django.urls import path

from offline_messages import views

app_name = "offline_messages"

urlpatterns = [
    path("mensaje/", views.leave, name="leave"),
    path("mensaje/gracias/", views.thanks, name="thanks"),
    path("agente/mensajes/", views.message_list, name="list"),
    path("agente/mensajes/<str:folio>/", views.detail, name="detail"),
    path("agente/mensajes/<str:folio>/responder/", views.answer, name="answer"),
    path("agente/mensajes/<str:folio>/por-contestar/", views.mark_unread, name="mark-unread"),
]
