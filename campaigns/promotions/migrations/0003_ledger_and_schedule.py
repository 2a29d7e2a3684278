"""Let nobody change the ledger, and let beat give back expired reservations every minute."""

from datetime import timedelta

from django.db import migrations

from core.schedules import seed

COUNT_USES = """
UPDATE promotions_budgetentry SET uses = CASE WHEN reference LIKE 'rollback:%' THEN -1 ELSE 1 END
"""
# The customer alone may change: by a merge, its undo, and an erasure.
APPEND_ONLY = """
CREATE FUNCTION promotions_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.id, OLD.promotion_id, OLD.amount, OLD.uses, OLD.reference, OLD.at)
        = (NEW.id, NEW.promotion_id, NEW.amount, NEW.uses, NEW.reference, NEW.at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The budget ledger is append-only.';
END $$;
CREATE TRIGGER promotions_ledger_append_only BEFORE UPDATE OR DELETE ON promotions_budgetentry
    FOR EACH ROW EXECUTE FUNCTION promotions_ledger_is_append_only();
"""
UNDO = """
DROP TRIGGER promotions_ledger_append_only ON promotions_budgetentry;
DROP FUNCTION promotions_ledger_is_append_only();
"""


def seed_release(apps, schema_editor):
    seed(
        apps,
        "Give back expired promotions",
        "campaigns.promotions.tasks.release_expired",
        every=timedelta(minutes=1),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('promotions', '0002_limits_and_uses'),
        ('django_celery_beat', '0019_alter_periodictasks_options'),
    ]

    operations = [
        migrations.RunSQL(COUNT_USES, migrations.RunSQL.noop),
        migrations.RunSQL(APPEND_ONLY, UNDO),
        migrations.RunPython(seed_release, migrations.RunPython.noop),
    ]
