
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('promotions', '0004_editing'),
    ]

    operations = [
        migrations.AlterField(
            model_name='budgetentry',
            name='promotion',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='ledger', to='promotions.promotion'),
        ),
        migrations.AlterField(
            model_name='customercount',
            name='promotion',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='shoppers', to='promotions.promotion'),
        ),
        migrations.AlterField(
            model_name='daycount',
            name='promotion',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='days', to='promotions.promotion'),
        ),
        migrations.AlterField(
            model_name='promotionuse',
            name='order',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='uses', to='promotions.promotedorder'),
        ),
    ]
