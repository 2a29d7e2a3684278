
import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0004_names'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='consent',
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['since'], name='consent_since', pages_per_range=16),
        ),
    ]
