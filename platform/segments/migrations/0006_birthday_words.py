"""Say of the ready-made segment whom it holds: a week that begins today has six more days."""

from django.db import migrations

BEFORE = "Have their birthday today or in the next 7 days."
AFTER = "Have their birthday today or in the six days after."


def say(apps, schema_editor):
    """Change the description where nobody has written another."""
    segments = apps.get_model("segments", "Segment").objects
    segments.filter(slug="birthday-this-week", description=BEFORE).update(description=AFTER)


class Migration(migrations.Migration):
    dependencies = [("segments", "0005_more_ready_made")]

    operations = [migrations.RunPython(say, migrations.RunPython.noop)]
