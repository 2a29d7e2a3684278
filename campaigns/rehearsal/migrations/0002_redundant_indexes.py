
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0011_redundant_indexes'),
        ('rehearsal', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='rehearsal',
            name='campaign',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rehearsals', to='campaigns.campaign', verbose_name='campaign'),
        ),
    ]
