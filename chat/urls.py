"""Addresses of the customer's chat and of the agents' console."""

from django.urls import path

from chat.views import appointments, console, customer, downloads, past

app_name = "chat"
urlpatterns = [
    path("chat/", customer.page, name="page"),
    path("chat/iniciar/", customer.start, name="start"),
    path("chat/mensajes/", customer.send, name="send"),
    path("chat/identificacion/", customer.identify, name="identify"),
    path("chat/sigo-aqui/", customer.stay, name="stay"),
    path("chat/esperar/", customer.keep_waiting, name="keep-waiting"),
    path("chat/dejar-mensaje/", customer.leave_waiting, name="leave-message"),
    path("chat/fuera-de-linea/", customer.offline, name="offline"),
    path("chat/finalizar/", customer.end, name="end"),
    path("chat/calificacion/", customer.rate, name="rate"),
    path("chat/copia/", customer.send_transcript, name="transcript"),
    path("chat/otro/", customer.put_away, name="put-away"),
    path("chat/conversacion/", customer.conversation, name="conversation"),
    path("chat/eventos/", customer.poll, name="poll"),
    path("chat/ordenes/", customer.command, name="command"),
    path("chat/enlace/<str:token>/", past.open_link, name="open-link"),
    path("chat/anterior/<str:folio>/", past.past, name="past"),
    path("chat/archivo/<str:public_id>/", downloads.customer_file, name="file"),
    path("agente/", console.console, name="console"),
    path("citas/", appointments.choose, name="book"),
    path("citas/apartar/", appointments.hold, name="book-hold"),
    path("citas/datos/", appointments.book, name="book-data"),
    path("citas/<str:folio>/", appointments.appointment, name="appointment"),
    path("citas/<str:folio>/cita.ics", appointments.calendar_entry, name="appointment-calendar"),
    path("citas/<str:folio>/cambiar/", appointments.reschedule, name="appointment-reschedule"),
    path("citas/<str:folio>/cancelar/", appointments.cancel, name="appointment-cancel"),
    path("citas/<str:folio>/entrar/", appointments.enter, name="appointment-enter"),
    path("agente/agenda/", console.day_agenda, name="agenda"),
    path("agente/entrar/", console.AgentLogin.as_view(), name="login"),
    path("agente/salir/", console.AgentLogout.as_view(), name="logout"),
    path("agente/disponible/", console.set_available, name="set-available"),
    path("agente/lista/", console.lists, name="lists"),
    path("agente/chat/<str:folio>/", console.pane, name="pane"),
    path("agente/chat/<str:folio>/atender/", console.accept, name="accept"),
    path("agente/chat/<str:folio>/mensajes/", console.send, name="agent-send"),
    path("agente/chat/<str:folio>/identificacion/", console.identify, name="agent-identify"),
    path("agente/chat/<str:folio>/finalizar/", console.end, name="agent-end"),
    path("agente/archivo/<str:public_id>/", downloads.staff_file, name="staff-file"),
]
