"""Imports of files: their state, position, mapping and what an undo needs; exports; both cleaned up."""

from datetime import timedelta

import core.fields
from core.ids import uuid7
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.schedules import seed



def describe(apps, editor):
    """Give data sets that were loaded a key and a state; their bad rows had no cells worth keeping."""
    runs = apps.get_model("integrations", "ImportRun")
    for pk in runs.objects.values_list("pk", flat=True):
        runs.objects.filter(pk=pk).update(key=uuid7())
    runs.objects.filter(finished_at__isnull=False).update(state="done")
    apps.get_model("integrations", "ImportRowError").objects.update(raw="")


def schedule(apps, editor):
    seed(apps, "Go on with imports whose worker died", "integrations.tasks.take_up_silent", every=timedelta(minutes=1))
    seed(apps, "Remove files of old imports and exports", "integrations.tasks.forget_files", hour="4", minute="40")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_job_attempts'),
        ('integrations', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('django_celery_beat', '0019_alter_periodictasks_options'),
    ]

    operations = [
        migrations.CreateModel(
            name='Export',
            fields=[
                ('key', models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ('list', models.CharField(max_length=50, verbose_name='list')),
                ('filters', models.JSONField(default=dict, verbose_name='filters')),
                ('personal', models.BooleanField(default=False, verbose_name='with personal data')),
                ('rows', models.PositiveIntegerField(null=True, verbose_name='rows')),
                ('file', models.CharField(blank=True, editable=False, max_length=100)),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('forgotten_at', models.DateTimeField(null=True, verbose_name='file removed')),
            ],
            options={
                'verbose_name': 'export',
                'verbose_name_plural': 'exports',
                'ordering': ['-created_at'],
                'permissions': [('export_customers', 'Can export customers'), ('export_products', 'Can export products'), ('export_events', 'Can export events'), ('export_suppressions', 'Can export suppressed addresses'), ('export_consents', 'Can export consents'), ('export_segments', 'Can export the members of segments'), ('export_campaigns', 'Can export the people of campaigns'), ('export_coupons', 'Can export coupons'), ('export_audit', 'Can export the audit log'), ('export_personal', 'Can export personal data')],
            },
        ),
        migrations.CreateModel(
            name='ImportChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('thing', models.CharField(max_length=12)),
                ('object_id', models.BigIntegerField()),
                ('created', models.BooleanField()),
                ('before', core.fields.EncryptedTextField(null=True)),
                ('stamp', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'change by an import',
                'verbose_name_plural': 'changes by imports',
            },
        ),
        migrations.CreateModel(
            name='SavedMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=50, verbose_name='source')),
                ('kind', models.CharField(choices=[('customers', 'customers'), ('products', 'products'), ('orders', 'orders'), ('events', 'events'), ('consents', 'consents'), ('suppressions', 'suppressed addresses')], max_length=30, verbose_name='kind')),
                ('mapping', models.JSONField(default=dict, verbose_name='mapping')),
                ('options', models.JSONField(default=dict, verbose_name='options')),
                ('updated_at', models.DateTimeField(verbose_name='updated')),
            ],
            options={
                'verbose_name': 'remembered mapping',
                'verbose_name_plural': 'remembered mappings',
            },
        ),
        migrations.AddField(
            model_name='importrowerror',
            name='dry',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='importrun',
            name='api_key',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='accounts.apikey', verbose_name='API key'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='changed',
            field=models.PositiveIntegerField(default=0, verbose_name='changed'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='columns',
            field=models.JSONField(default=list, verbose_name='columns'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='error',
            field=models.TextField(blank=True, verbose_name='error'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='file',
            field=models.CharField(blank=True, editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name='importrun',
            name='forgotten_at',
            field=models.DateTimeField(null=True, verbose_name='file removed'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='key',
            field=models.UUIDField(default=uuid7, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='importrun',
            name='language',
            field=models.CharField(default='en', editable=False, max_length=10),
        ),
        migrations.AddField(
            model_name='importrun',
            name='left_alone',
            field=models.JSONField(null=True, verbose_name='left by the undo'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='mapping',
            field=models.JSONField(default=dict, verbose_name='mapping'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='options',
            field=models.JSONField(default=dict, verbose_name='options'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='position',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='importrun',
            name='quarantined',
            field=models.PositiveIntegerField(default=0, verbose_name='in quarantine'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='report',
            field=models.JSONField(null=True, verbose_name='dry run'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='shape',
            field=models.JSONField(default=dict, verbose_name='shape of the file'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='size',
            field=models.PositiveBigIntegerField(default=0, verbose_name='size'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='started_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL, verbose_name='started by'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='state',
            field=models.CharField(choices=[('uploaded', 'uploaded'), ('checking', 'being checked'), ('checked', 'checked'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled'), ('undoing', 'being undone'), ('undone', 'undone')], default='running', max_length=10, verbose_name='state'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='undone_at',
            field=models.DateTimeField(null=True, verbose_name='undone at'),
        ),
        migrations.AlterField(
            model_name='importrowerror',
            name='raw',
            field=core.fields.EncryptedTextField(blank=True, verbose_name='row'),
        ),
        migrations.AlterField(
            model_name='importrowerror',
            name='reason',
            field=models.CharField(max_length=500, verbose_name='reason'),
        ),
        migrations.AlterField(
            model_name='importrun',
            name='dataset',
            field=models.CharField(max_length=200, verbose_name='file or data set'),
        ),
        migrations.AddIndex(
            model_name='importrowerror',
            index=models.Index(fields=['run', 'dry', 'line'], name='row_error_place'),
        ),
        migrations.AddField(
            model_name='export',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='export',
            name='job',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, to='accounts.job', verbose_name='job'),
        ),
        migrations.AddField(
            model_name='importchange',
            name='run',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='integrations.importrun'),
        ),
        migrations.AddConstraint(
            model_name='savedmapping',
            constraint=models.UniqueConstraint(fields=('source', 'kind'), name='mapping_once'),
        ),
        migrations.AddConstraint(
            model_name='importchange',
            constraint=models.UniqueConstraint(fields=('run', 'thing', 'object_id'), name='import_change_once'),
        ),
        migrations.RunPython(describe, migrations.RunPython.noop),
        migrations.RunPython(schedule, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='importrun',
            name='key',
            field=models.UUIDField(default=uuid7, editable=False, unique=True),
        ),
    ]
