from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OfflineMessagesConfig(AppConfig):
    name = "offline_messages"
    verbose_name = _("Mensajes fuera de línea")
