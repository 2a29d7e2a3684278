"""What people are told under the bell, and when it is forgotten."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.schedules import seed


def schedule(apps, schema_editor):
    seed(apps, "Forget old notices", "accounts.tasks.forget_notices", hour="3", minute="40")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_forgotten_jobs'),
        ('django_celery_beat', '0019_alter_periodictasks_options'),
    ]

    operations = [
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('job_done', 'work is done'), ('job_failed', 'work failed'), ('approval_asked', 'approval is asked for'), ('approval_decided', 'approval is decided'), ('run_paused', 'a sending is paused'), ('pool', 'coupon codes'), ('experiment', 'an experiment is decided'), ('other', 'news')], default='other', max_length=20, verbose_name='kind')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('facts', models.JSONField(default=dict)),
                ('url', models.CharField(blank=True, max_length=300)),
                ('key', models.CharField(help_text='The matter: a person is told of it once. None: every time.', max_length=150, null=True)),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('read_at', models.DateTimeField(null=True, verbose_name='read')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'notice',
                'verbose_name_plural': 'notices',
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(fields=['user', '-created_at'], name='notice_latest'), models.Index(condition=models.Q(('read_at', None)), fields=['user'], name='notice_unread')],
                'constraints': [models.UniqueConstraint(fields=('user', 'key'), name='notice_once')],
            },
        ),
        migrations.RunPython(schedule, migrations.RunPython.noop),
    ]
