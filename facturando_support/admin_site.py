"""The supervisors' admin: their door, and what it is called."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from chat.access import is_supervisor

# Where a request keeps whether it is a supervisor's, as Django keeps permissions on its user.
KNOWN = "_is_of_supervisor"


class SupportAdminSite(AdminSite):
    site_header = _("Facturando Soporte · Supervisión")
    site_title = _("Supervisión")
    index_title = _("Supervisión del soporte")
    login_template = "chat/login.html"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The staff's one door is the console's, with its limits; here only its page is shown."""
        if request.method == "POST":
            return redirect("chat:login")
        return super().login(request, extra_context)

    def has_permission(self, request: HttpRequest) -> bool:
        """Supervisors alone, however the account's other flags are set.

        A page asks for each table that there is, and is answered from the database once.
        """
        if not hasattr(request, KNOWN):
            setattr(request, KNOWN, is_supervisor(request.user))
        return bool(getattr(request, KNOWN))
