from django.apps import AppConfig


class OfflineMessagesConfig(AppConfig):
    name = "offline_messages"
    verbose_name = "Mensajes fuera de línea"
