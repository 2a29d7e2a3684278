"""Let beat give back expired reservations every minute."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def seed_release(apps, schema_editor):
    seed(
        apps,
        "Give back expired reservations",
        "campaigns.coupons.tasks.release_expired",
        every=timedelta(minutes=1),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('coupons', '0001_initial'),
        ('django_celery_beat', '0019_alter_periodictasks_options'),
    ]

    operations = [migrations.RunPython(seed_release, migrations.RunPython.noop)]
