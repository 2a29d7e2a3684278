
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0004_names'),
        ('profiles', '0006_orders_given_back'),
    ]

    operations = [
        migrations.AlterField(
            model_name='customerscore',
            name='customer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='scores', to='customers.customer', verbose_name='customer'),
        ),
    ]
