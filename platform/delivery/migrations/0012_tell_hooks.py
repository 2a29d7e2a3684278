"""Let beat tell partners' servers what happened."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def seed_hooks(apps, schema_editor):
    seed(apps, "Tell partners what happened", "delivery.tasks.tell_hooks", every=timedelta(seconds=10))


class Migration(migrations.Migration):

    dependencies = [
        ('delivery', '0011_hooks'),
        ('django_celery_beat', '0019_alter_periodictasks_options'),
    ]

    operations = [migrations.RunPython(seed_hooks, migrations.RunPython.noop)]
