"""Queue each run by itself, and let beat sweep the outbox every 30 seconds."""

from datetime import timedelta

from django.db import migrations, models

from core.schedules import seed


def seed_sweep(apps, schema_editor):
    seed(apps, "Sweep the outbox", "delivery.tasks.sweep", every=timedelta(seconds=30))


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0001_initial'),
        ('delivery', '0001_initial'),
        ('django_celery_beat', '0019_alter_periodictasks_options'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='message',
            name='message_due',
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('state', 'pending')), fields=['run', 'due_at'], name='message_queue'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('state__in', ['claimed', 'sending', 'uncertain'])), fields=['run', 'lease_until'], name='message_open'),
        ),
        migrations.RunPython(seed_sweep, migrations.RunPython.noop),
    ]
