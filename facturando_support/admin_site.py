"""The supervisors' admin: their door, and what it is called."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from chat.access import is_supervisor


class SupportAdminSite(AdminSite):
    site_header = _("Facturando Soporte · Supervisión")
    site_title = _("Supervisión")
    index_title = _("Supervisión del soporte")
    login_template = "chat/login.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Supervisors alone, however the account's other flags are set."""
        return is_supervisor(request.user)
