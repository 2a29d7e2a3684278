
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0004_cost'),
    ]

    operations = [
        migrations.AlterField(
            model_name='pricechange',
            name='product',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='price_changes', to='catalog.product'),
        ),
        migrations.AlterField(
            model_name='stockchange',
            name='product',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='stock_changes', to='catalog.product'),
        ),
    ]
