
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0002_workshop'),
    ]

    operations = [
        migrations.AlterField(
            model_name='templateversion',
            name='template',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='content.template', verbose_name='template'),
        ),
    ]
