
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0005_redundant_indexes'),
        ('customers', '0004_names'),
        ('recommendations', '0005_demand_and_quality'),
    ]

    operations = [
        migrations.AlterField(
            model_name='decision',
            name='customer',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='decisions', to='customers.customer', verbose_name='customer'),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='strategy',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='recommendations.strategy', verbose_name='strategy'),
        ),
        migrations.AlterField(
            model_name='productlist',
            name='product',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='lists', to='catalog.product', verbose_name='product'),
        ),
        migrations.AlterField(
            model_name='recommendationlist',
            name='model_version',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lists', to='recommendations.modelversion'),
        ),
        migrations.AlterField(
            model_name='strategyweek',
            name='strategy',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='weeks', to='recommendations.strategy', verbose_name='strategy'),
        ),
    ]
