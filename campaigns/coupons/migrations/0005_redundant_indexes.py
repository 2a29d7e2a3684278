
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('coupons', '0004_carry_over'),
    ]

    operations = [
        migrations.AlterField(
            model_name='poolwarning',
            name='pool',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='warnings', to='coupons.couponpool'),
        ),
        migrations.AlterField(
            model_name='redemption',
            name='coupon',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='redemptions', to='coupons.coupon', verbose_name='coupon'),
        ),
        migrations.AlterField(
            model_name='reservation',
            name='coupon',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='reservations', to='coupons.coupon'),
        ),
    ]
