"""An hour agreed upon too late for a reminder has it marked as made, instead of the instant of agreement."""

from datetime import timedelta

from django.conf import settings
from django.db import migrations
from django.db.models import F


def mark_as_made(apps, schema_editor):
    appointments = apps.get_model("scheduling", "Appointment").objects
    waits = {"reminded_day_at": timedelta(days=1), "reminded_soon_at": settings.APPOINTMENT_REMINDER_SOON}
    for mark, wait in waits.items():
        late = appointments.filter(starts_at__lte=F("settled_at") + wait, **{mark: None})
        late.update(**{mark: F("settled_at")})


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0006_indexes_by_state")]

    operations = [
        migrations.RunPython(mark_as_made, migrations.RunPython.noop),
        migrations.RemoveField(model_name="appointment", name="settled_at"),
    ]
