"""Let beat take up erasures whose message was lost."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def schedule(apps, editor):
    seed(apps, "Erase who asked for it", "customers.tasks.erase_waiting", every=timedelta(minutes=5))


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_identity"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(schedule, migrations.RunPython.noop)]
