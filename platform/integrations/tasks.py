"""What imports need now and then."""

from celery import shared_task
from django.conf import settings

from core import clock
from integrations import dispatch, services


@shared_task
def take_up_silent() -> int:
    """Go on with imports whose worker has died."""
    return dispatch.take_up_silent(clock.now())


@shared_task
def forget_files() -> int:
    """Remove the files of old imports."""
    return services.forget_files(clock.now(), days=settings.IMPORT_KEEP_DAYS)
