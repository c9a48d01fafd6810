"""The project's own app (for its commands) and its admin site."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.core import checks


class FacturandoSupportConfig(AppConfig):
    # Django would count the admin's class below as this app's too.
    default = True
    name = "facturando_support"
    verbose_name = "Facturando Soporte"

    def ready(self) -> None:
        from facturando_support.checks import CHECKS
        from facturando_support.logs import log_failed_threads

        for check in CHECKS.values():
            checks.register(check, deploy=True)
        if not settings.DEBUG:
            log_failed_threads()


class SupportAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "facturando_support.admin_site.SupportAdminSite"
