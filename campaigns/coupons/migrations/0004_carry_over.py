"""Give the redemptions that stand their counts, and let beat look after the pools."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed

COUNT = """
UPDATE coupons_redemption SET counted = discount WHERE discount IS NOT NULL;
UPDATE promotions_budgetentry e SET customer_id = r.customer_id
FROM coupons_redemption r
JOIN coupons_coupon c ON c.id = r.coupon_id
JOIN coupons_couponpool l ON l.id = c.pool_id
JOIN promotions_promotion p ON p.id = l.promotion_id
WHERE e.promotion_id = p.id AND e.reference = 'redemption:' || r.id AND p.limit_per_customer IS NOT NULL
  AND r.rolled_back_at IS NULL;
INSERT INTO promotions_customercount (promotion_id, customer_id, used, most)
SELECT p.id, r.customer_id, count(*), greatest(count(*), max(p.limit_per_customer))
FROM coupons_redemption r
JOIN coupons_coupon c ON c.id = r.coupon_id
JOIN coupons_couponpool l ON l.id = c.pool_id
JOIN promotions_promotion p ON p.id = l.promotion_id
WHERE p.limit_per_customer IS NOT NULL AND r.customer_id IS NOT NULL AND r.rolled_back_at IS NULL
GROUP BY 1, 2;
"""


def seed_warnings(apps, schema_editor):
    seed(
        apps,
        "Look after coupon pools",
        "campaigns.coupons.tasks.look_after_pools",
        every=timedelta(minutes=15),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('coupons', '0003_limits_and_uses'),
        ('promotions', '0003_ledger_and_schedule'),
        ('django_celery_beat', '0019_alter_periodictasks_options'),
    ]

    operations = [
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
        migrations.RunPython(seed_warnings, migrations.RunPython.noop),
    ]
