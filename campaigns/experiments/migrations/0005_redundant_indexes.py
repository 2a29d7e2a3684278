
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('experiments', '0004_metrics_of_older_tests'),
    ]

    operations = [
        migrations.AlterField(
            model_name='assignment',
            name='experiment',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='experiments.experiment'),
        ),
        migrations.AlterField(
            model_name='holdoutmember',
            name='holdout',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='members', to='experiments.globalholdout'),
        ),
        migrations.AlterField(
            model_name='metric',
            name='experiment',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='metrics', to='experiments.experiment', verbose_name='experiment'),
        ),
        migrations.AlterField(
            model_name='snapshot',
            name='experiment',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='snapshots', to='experiments.experiment', verbose_name='experiment'),
        ),
        migrations.AlterField(
            model_name='variant',
            name='experiment',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='variants', to='experiments.experiment', verbose_name='experiment'),
        ),
        migrations.AlterField(
            model_name='wave',
            name='experiment',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='waves', to='experiments.experiment'),
        ),
    ]
