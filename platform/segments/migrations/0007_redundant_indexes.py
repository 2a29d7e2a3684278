
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0004_names'),
        ('segments', '0006_birthday_words'),
    ]

    operations = [
        migrations.AlterField(
            model_name='segmentmembership',
            name='customer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='customers.customer', verbose_name='customer'),
        ),
        migrations.AlterField(
            model_name='segmentmembership',
            name='segment',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='segments.segment', verbose_name='segment'),
        ),
        migrations.AlterField(
            model_name='segmentrun',
            name='segment',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='segments.segment', verbose_name='segment'),
        ),
    ]
