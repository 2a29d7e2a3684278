"""Let beat keep the facts tidy: what is old, what changed, what was noticed. The admin can change all of it."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def seed_schedule(apps, schema_editor):
    seed(apps, "Drop old event months", "events.tasks.drop_months", hour="1", minute="10")
    seed(apps, "Tidy data quality", "events.tasks.tidy_quality", hour="1", minute="20")
    seed(apps, "Hand on changed customers", "events.tasks.hand_on_changes", every=timedelta(minutes=1))


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0006_import_notes"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(seed_schedule, migrations.RunPython.noop)]
