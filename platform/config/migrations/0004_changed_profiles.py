"""Let beat keep the profiles of changed customers fresh, within half a minute."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed


def seed_changed(apps, schema_editor):
    every = timedelta(seconds=20)
    seed(apps, "Refresh changed profiles", "profiles.tasks.refresh_changed", every=every)
    seed(apps, "Study customers", "profiles.tasks.study_customers", hour="3", minute="45")


class Migration(migrations.Migration):
    dependencies = [("config", "0003_nightly_scores")]

    operations = [migrations.RunPython(seed_changed, migrations.RunPython.noop)]
