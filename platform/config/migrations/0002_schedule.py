"""Let beat run what keeps the shop known while nobody looks. The admin can change all of it."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def seed_schedule(apps, schema_editor):
    seed(apps, "Build customer profiles", "profiles.tasks.profile_customers", hour="2", minute="0")
    seed(apps, "Find personas", "profiles.tasks.cluster_customers", hour="2", minute="30", day_of_week="1")
    seed(apps, "Train the recommenders", "recommendations.tasks.train", hour="3", minute="0")
    seed(apps, "Refresh segments", "segments.tasks.refresh_segments", every=timedelta(minutes=15))
    seed(apps, "Make event partitions", "events.tasks.prepare_months", hour="1", minute="0")


class Migration(migrations.Migration):
    dependencies = [("config", "0001_canary")]

    operations = [migrations.RunPython(seed_schedule, migrations.RunPython.noop)]
