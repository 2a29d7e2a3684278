from django.db import migrations, models

# As events.refunds.settle, of all orders of which something was given back.
SETTLE = """
WITH refund AS (
    SELECT x.customer_id, x.order_id, x.occurred_at, x.id,
           sum(abs(coalesce(x.amount, 0))) OVER (
               PARTITION BY x.customer_id, x.order_id ORDER BY x.occurred_at, x.id
           ) AS given_back
    FROM events_event x
    WHERE x.type = 'refund' AND x.customer_id IS NOT NULL AND x.order_id IS NOT NULL
),
cancelled AS MATERIALIZED (
    SELECT c.customer_id, c.order_id, c.product_id FROM events_event c
    WHERE c.type = 'cancel' AND c.customer_id IS NOT NULL AND c.order_id IS NOT NULL
),
cost AS (
    SELECT e.customer_id, e.order_id, sum(e.amount) AS amount, bool_and(e.amount IS NOT NULL) AS known
    FROM events_event e
    JOIN (SELECT DISTINCT customer_id, order_id FROM refund) r
      ON r.customer_id = e.customer_id AND r.order_id = e.order_id
    WHERE e.type = 'purchase' AND NOT EXISTS (
        SELECT FROM cancelled c
        WHERE c.customer_id = e.customer_id AND c.order_id = e.order_id
          AND (c.product_id IS NULL OR c.product_id = e.product_id)
    )
    GROUP BY 1, 2
)
UPDATE events_event x SET covers_order = true
FROM refund r JOIN cost c USING (customer_id, order_id)
WHERE x.occurred_at = r.occurred_at AND x.id = r.id AND c.known AND r.given_back >= c.amount
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_history"),
        ("customers", "0003_schedule"),
        ("events", "0010_taken_back"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="event", name="event_taken_back"),
        migrations.AddField(
            model_name="event",
            name="covers_order",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text=(
                    "Of a refund: with it, all that the order cost was given back (events.refunds)."
                ),
            ),
        ),
        migrations.RunSQL(SETTLE, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("type__in", ["cancel", "refund"])),
                fields=["customer", "order_id"],
                include=("type", "product", "amount", "occurred_at", "covers_order"),
                name="event_taken_back",
            ),
        ),
    ]
