from django.apps import AppConfig
from django.core import checks


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = "Horarios"

    def ready(self) -> None:
        from scheduling.checks import check_hours

        checks.register(check_hours)
