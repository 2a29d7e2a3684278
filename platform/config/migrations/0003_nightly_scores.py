"""Let beat score customers each night, after their profiles."""

from django.db import migrations

from core.schedules import seed


def seed_scores(apps, schema_editor):
    seed(apps, "Score customers", "profiles.tasks.score_customers", hour="2", minute="45")


class Migration(migrations.Migration):
    dependencies = [("config", "0002_schedule")]

    operations = [migrations.RunPython(seed_scores, migrations.RunPython.noop)]
