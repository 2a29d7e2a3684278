"""Keep the range of the clicks expected at a person's hour; the next night fills it in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0009_value_rules")]

    operations = [
        migrations.AddField(
            "personhour", "low", models.FloatField(db_default=0, default=0, verbose_name="at least")
        ),
        migrations.AddField(
            "personhour", "high", models.FloatField(db_default=1, default=1, verbose_name="at most")
        ),
    ]
