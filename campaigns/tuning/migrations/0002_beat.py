from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def seed_tasks(apps, schema_editor):
    # Before the night's training, which starts from what is decided here.
    seed(apps, "Tune by what was measured", "campaigns.tuning.tasks.tune", hour="1", minute="40")
    seed(
        apps, "Watch what was promoted", "campaigns.tuning.tasks.watch_promotions", every=timedelta(hours=1)
    )


class Migration(migrations.Migration):
    dependencies = [
        ("django_celery_beat", "0019_alter_periodictasks_options"),
        ("tuning", "0001_holdback"),
    ]

    operations = [
        migrations.RunPython(seed_tasks, migrations.RunPython.noop),
    ]
