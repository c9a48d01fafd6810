"""The project's own app (for its commands) and its admin site."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class FacturandoSupportConfig(AppConfig):
    # Django would count the admin's class below as this app's too.
    default = True
    name = "facturando_support"
    verbose_name = "Facturando Soporte"


class SupportAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "facturando_support.admin_site.SupportAdminSite"
