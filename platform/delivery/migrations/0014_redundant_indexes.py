
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('delivery', '0013_parties_in_words'),
    ]

    operations = [
        migrations.AlterField(
            model_name='handover',
            name='provider',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='delivery.provider', verbose_name='provider'),
        ),
        migrations.AlterField(
            model_name='hookcall',
            name='hook',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='delivery.hook', verbose_name='receiver of events'),
        ),
    ]
