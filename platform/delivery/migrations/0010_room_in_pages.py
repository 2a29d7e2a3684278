from django.db import migrations

# Only pages written from now on are affected; nothing is rewritten.
SET_FILLFACTOR = """
DO $$
DECLARE partition regclass;
BEGIN
    FOR partition IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'delivery_message'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (fillfactor = 40)', partition);
    END LOOP;
END $$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('delivery', '0009_holidays'),
    ]

    operations = [
        migrations.RunSQL(SET_FILLFACTOR, migrations.RunSQL.noop),
    ]
