"""Find what home suggests every hour."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def schedule(apps, editor):
    seed(apps, "Find what home suggests", "console.home.tasks.find_suggestions", every=timedelta(hours=1))


class Migration(migrations.Migration):
    dependencies = [("home", "0001_initial"), ("django_celery_beat", "0019_alter_periodictasks_options")]
    operations = [migrations.RunPython(schedule, migrations.RunPython.noop)]
