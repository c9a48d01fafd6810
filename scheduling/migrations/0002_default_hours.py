"""The manual's hours: "de lunes a viernes de 09:00 a 14:00 y de 15:00 a 18:00 horas"."""

from datetime import time

from django.db import migrations

INTERVALS = [(time(9), time(14)), (time(15), time(18))]


def fill_default_hours(apps, schema_editor):
    BusinessHours = apps.get_model("scheduling", "BusinessHours")
    if BusinessHours.objects.exists():
        return
    BusinessHours.objects.bulk_create(
        BusinessHours(weekday=weekday, opens_at=opens_at, closes_at=closes_at)
        for weekday in range(5)
        for opens_at, closes_at in INTERVALS
    )


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0001_initial")]
    operations = [migrations.RunPython(fill_default_hours, migrations.RunPython.noop)]
