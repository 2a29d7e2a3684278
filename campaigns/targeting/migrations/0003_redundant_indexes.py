
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('targeting', '0002_known_then'),
    ]

    operations = [
        migrations.AlterField(
            model_name='plannedoffer',
            name='plan',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='offers', to='targeting.offerplan'),
        ),
        migrations.AlterField(
            model_name='planvalue',
            name='plan',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='values', to='targeting.offerplan'),
        ),
    ]
