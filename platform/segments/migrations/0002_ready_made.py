"""Give a new shop its ready-made segments, once: those that are removed later stay removed."""

from django.db import migrations

from core import clock
from segments.ready_made import READY_MADE


def create(apps, schema_editor):
    """Create those whose short name is free."""
    segment = apps.get_model("segments", "Segment")
    for slug, name, description, rule in READY_MADE:
        segment.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "description": description,
                "rule": rule,
                "ready_made": True,
                "created_at": clock.now(),
            },
        )


class Migration(migrations.Migration):

    dependencies = [("segments", "0001_initial")]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
