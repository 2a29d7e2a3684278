"""Let beat look at changed customers at once; what time alone changes waits for the complete refresh."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def seed_schedule(apps, schema_editor):
    seed(apps, "Refresh changed customers' segments", "segments.tasks.refresh_changed", every=timedelta(seconds=20))


class Migration(migrations.Migration):
    dependencies = [
        ("segments", "0002_ready_made"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(seed_schedule, migrations.RunPython.noop)]
