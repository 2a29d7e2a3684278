
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0005_consent_since'),
    ]

    operations = [
        migrations.AlterField(
            model_name='consent',
            name='customer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='consents', to='customers.customer', verbose_name='customer'),
        ),
        migrations.AlterField(
            model_name='consentevent',
            name='customer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='consent_events', to='customers.customer', verbose_name='customer'),
        ),
        migrations.AlterField(
            model_name='mergeproposal',
            name='first',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='proposals', to='customers.customer', verbose_name='customer'),
        ),
    ]
