"""The two groups of staff, and a first catalogue that supervisors change as they like."""

from django.db import migrations

GROUPS = ["Agentes", "Supervisores"]
PROGRAMS = ["CFDI Escritorio", "CFDI en Línea", "Nómina CFDI", "Contabilidad Electrónica"]


def create(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    program = apps.get_model("chat", "Program")
    for name in GROUPS:
        group.objects.get_or_create(name=name)
    for position, name in enumerate(PROGRAMS):
        program.objects.get_or_create(name=name, defaults={"position": position})


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
