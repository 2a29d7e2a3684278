
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0010_range_of_learned_hours'),
    ]

    operations = [
        migrations.AlterField(
            model_name='firing',
            name='campaign',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='firings', to='campaigns.campaign'),
        ),
    ]
