"""Give shops that are there already the ready-made segments that have been added since."""

from django.db import migrations

from core import clock
from segments.ready_made import READY_MADE

ADDED = {
    "vip", "new-customers", "promising", "cart-abandoners", "birthday-this-week", "churn-risk", "hibernating",
}  # fmt: skip


def create(apps, schema_editor):
    """Create those whose short name is free."""
    segment = apps.get_model("segments", "Segment")
    for slug, name, description, rule in READY_MADE:
        if slug in ADDED:
            segment.objects.get_or_create(
                slug=slug,
                defaults={
                    "name": name,
                    "description": description,
                    "rule": rule,
                    "rule_language": 2,
                    "ready_made": True,
                    "created_at": clock.now(),
                },
            )


class Migration(migrations.Migration):

    dependencies = [("segments", "0004_segment_history")]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
