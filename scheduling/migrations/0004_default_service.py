"""One service to begin with: support by chat, on the terms that `Service` has by default."""

from django.db import migrations


def add_default_service(apps, schema_editor):
    Service = apps.get_model("scheduling", "Service")
    if not Service.objects.exists():
        Service.objects.create(name="Soporte por chat", slug="chat")


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0003_appointments")]
    operations = [migrations.RunPython(add_default_service, migrations.RunPython.noop)]
