from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def seed_tasks(apps, schema_editor):
    seed(apps, "Send the waves of tests", "campaigns.tasks.send_waves", every=timedelta(minutes=1))
    seed(apps, "Look at tests", "campaigns.tasks.look_at_tests", every=timedelta(minutes=20))


class Migration(migrations.Migration):

    dependencies = [
        ('django_celery_beat', '0019_alter_periodictasks_options'),
        ('experiments', '0002_designs_and_waves'),
    ]

    operations = [
        migrations.RunPython(seed_tasks, migrations.RunPython.noop),
    ]
