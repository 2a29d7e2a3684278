"""Let beat send the canary every 15 seconds."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def seed_canary(apps, schema_editor):
    seed(apps, "Show life", "config.tasks.show_life", every=timedelta(seconds=15))


class Migration(migrations.Migration):
    dependencies = [("django_celery_beat", "0019_alter_periodictasks_options"), ("core", "0001_initial")]

    operations = [migrations.RunPython(seed_canary, migrations.RunPython.noop)]
