from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = _("Horarios")

    def ready(self) -> None:
        from scheduling.checks import check_hours

        checks.register(check_hours)
