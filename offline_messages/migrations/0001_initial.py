from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='OfflineMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('folio', models.CharField(max_length=12, unique=True, verbose_name='folio')),
                ('name', models.CharField(max_length=80, verbose_name='nombre')),
                ('email', models.EmailField(max_length=254, verbose_name='correo electrónico')),
                ('text', models.TextField(verbose_name='mensaje')),
                ('state', models.CharField(choices=[('new', 'Nuevo'), ('read', 'Leído'), ('answered', 'Contestado')], default='new', max_length=10, verbose_name='estado')),
                ('origin', models.CharField(choices=[('form', 'Formulario'), ('closing', 'Chat que esperaba al cierre'), ('waiting', 'Chat que esperó demasiado')], default='form', max_length=10, verbose_name='origen')),
                ('client_id', models.UUIDField(editable=False, unique=True, verbose_name='identificador del envío')),
                ('created_at', models.DateTimeField(verbose_name='recibido')),
                ('opening_at', models.DateTimeField(blank=True, null=True, verbose_name='apertura prometida')),
            ],
            options={
                'verbose_name': 'mensaje fuera de línea',
                'verbose_name_plural': 'mensajes fuera de línea',
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(fields=['state', 'created_at'], name='offline_state_created')],
            },
        ),
    ]
