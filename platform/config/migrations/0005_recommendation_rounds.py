"""Let beat keep the lists of recommendations up to date between trainings."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def seed_rounds(apps, schema_editor):
    seed(apps, "Keep recommendations up to date", "recommendations.tasks.keep_up", every=timedelta(minutes=10))


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0004_changed_profiles"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(seed_rounds, migrations.RunPython.noop)]
