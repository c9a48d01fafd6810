"""Who did each act is written with it; of what was done before, it follows from the act and the account."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def tell_actors(apps, schema_editor):
    events = apps.get_model("scheduling", "AppointmentEvent").objects
    events.filter(by__isnull=False).update(actor="supervisor")
    events.filter(act="attend").update(actor="agent")
    events.filter(act="miss").update(actor="clock")


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0004_default_service"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="appointmentevent",
            name="actor",
            field=models.CharField(
                choices=[
                    ("customer", "el cliente"),
                    ("agent", "agente"),
                    ("supervisor", "supervisor"),
                    ("clock", "el reloj"),
                ],
                default="customer",
                max_length=10,
                verbose_name="quién",
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="appointmentevent",
            name="by",
            field=models.ForeignKey(
                blank=True,
                help_text="Del agente o del supervisor; el cliente y el reloj no tienen.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="cuenta",
            ),
        ),
        migrations.RunPython(tell_actors, migrations.RunPython.noop),
    ]
