"""Let beat take up jobs whose message was lost."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def schedule(apps, schema_editor):
    seed(apps, "Wake workers for jobs that wait", "accounts.tasks.wake_forgotten", every=timedelta(minutes=1))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_import_scopes"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(schedule, migrations.RunPython.noop)]
