from django.db import migrations

from core.schedules import seed


def seed_tasks(apps, schema_editor):
    # Before the night's training, which starts from what is decided here.
    seed(apps, "Tune by what was measured", "campaigns.tuning.tasks.tune", hour="1", minute="40")


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [
        migrations.RunPython(seed_tasks, migrations.RunPython.noop),
    ]
