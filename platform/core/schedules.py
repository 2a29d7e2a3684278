"""Seed the beat schedule from migrations; afterwards the admin owns it."""

from datetime import timedelta
from typing import Any

from django.conf import settings


def seed(
    apps: Any,
    name: str,
    task: str,
    *,
    every: timedelta | None = None,
    hour: str = "*",
    minute: str = "*",
    day_of_week: str = "*",
    kwargs: str = "{}",
) -> None:
    """Add a periodic task from a migration, by interval or by the shop's clock; leave an existing one.

    `apps` is the migration's registry. The migration depends on
    ("django_celery_beat", "0019_alter_periodictasks_options"). `kwargs` is JSON.
    """
    periodic = apps.get_model("django_celery_beat", "PeriodicTask")
    if periodic.objects.filter(name=name).exists():
        return
    if every is not None:
        when = {
            "interval": apps.get_model("django_celery_beat", "IntervalSchedule").objects.get_or_create(
                every=int(every.total_seconds()), period="seconds"
            )[0]
        }
    else:
        crontab = apps.get_model("django_celery_beat", "CrontabSchedule")
        when = {
            "crontab": crontab.objects.get_or_create(
                hour=hour,
                minute=minute,
                day_of_week=day_of_week,
                day_of_month="*",
                month_of_year="*",
                timezone=settings.SHOP_TIME_ZONE,
            )[0]
        }
    periodic.objects.create(name=name, task=task, kwargs=kwargs, **when)
