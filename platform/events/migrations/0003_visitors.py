"""Find the events of anonymous visitors by their actor, for the moment at which they turn out to be somebody."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0002_quality_no_rate")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "CREATE INDEX event_visitor ON events_event (actor_id)"
                    " WHERE customer_id IS NULL AND actor_id IS NOT NULL",
                    "DROP INDEX event_visitor",
                )
            ],
            state_operations=[
                migrations.AddIndex(
                    "event",
                    models.Index(
                        fields=["actor_id"],
                        condition=models.Q(customer__isnull=True, actor_id__isnull=False),
                        name="event_visitor",
                    ),
                )
            ],
        )
    ]
