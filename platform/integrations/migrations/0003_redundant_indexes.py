
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0002_files'),
    ]

    operations = [
        migrations.AlterField(
            model_name='importrowerror',
            name='run',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='errors', to='integrations.importrun'),
        ),
    ]
