"""Clean up after Idempotency-Key every hour."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def schedule(apps, editor):
    seed(apps, "Forget answers to repeats", "core.tasks.forget_answers", every=timedelta(hours=1))


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial"), ("django_celery_beat", "0019_alter_periodictasks_options")]
    operations = [migrations.RunPython(schedule, migrations.RunPython.noop)]
