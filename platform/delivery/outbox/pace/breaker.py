"""The circuit breaker of each provider: its state is in its row, so all workers and the page know it.

closed      messages go
open        it failed too often in a row, or asked to be left alone: nothing goes until `breaker_until`
half_open   one worker tries one message; its answer closes the breaker or opens it for longer
"""

from datetime import datetime, timedelta

import structlog
from django.db.models import Case, F, Q, Value, When

from delivery.models import Provider

log = structlog.get_logger(__name__)

#: Failures of the transport in a row, of all workers together, that open the breaker.
THRESHOLD = 5
#: The first pause; it doubles with each probe that fails.
PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)
#: The longest time for which a provider's own Retry-After is believed.
LONGEST_RETRY_AFTER = timedelta(hours=1)
#: How long the worker that tries may take, before another one may.
PROBE = timedelta(minutes=1)

_STATE = Provider.Breaker


def usable(provider: Provider, *, now: datetime) -> bool:
    """Say whether messages may go by this provider now, or one of them as a try."""
    if provider.breaker_state == _STATE.CLOSED:
        return True
    return provider.breaker_until is None or provider.breaker_until <= now


def begin_probe(provider: Provider, *, now: datetime) -> bool:
    """Take the right to try a provider whose pause is over. Return whether no rival was first."""
    return bool(
        Provider.objects.filter(pk=provider.pk)
        .exclude(breaker_state=_STATE.CLOSED)
        .filter(Q(breaker_until=None) | Q(breaker_until__lte=now))
        .update(breaker_state=_STATE.HALF_OPEN, breaker_until=now + PROBE)
    )


def answered(provider: Provider) -> None:
    """Note that the provider answers: it counts from nought again, and a try closes the breaker.

    A breaker that a rival opened meanwhile stays open.
    """
    closed = (
        Provider.objects.filter(pk=provider.pk)
        .filter(Q(failures__gt=0) | Q(breaker_state=_STATE.HALF_OPEN))
        .exclude(breaker_state=_STATE.OPEN)
        .update(failures=0, breaker_state=_STATE.CLOSED, breaker_until=None)
    )
    if closed and provider.breaker_state != _STATE.CLOSED:
        log.info("provider_back", provider=str(provider.pk))


def failed(provider: Provider, error: str, *, now: datetime) -> None:
    """Count a failure of the transport; the one that reaches the threshold opens the breaker."""
    tries = max(0, provider.failures + 1 - THRESHOLD)
    pause = min(PAUSE * 2 ** min(tries, 10), LONGEST_PAUSE)
    opens = Q(failures__gte=THRESHOLD - 1) | Q(breaker_state=_STATE.HALF_OPEN)
    Provider.objects.filter(pk=provider.pk).update(
        failures=F("failures") + 1,
        last_error=error[:300],
        last_error_at=now,
        breaker_state=Case(When(opens, then=Value(_STATE.OPEN)), default=F("breaker_state")),
        breaker_until=Case(When(opens, then=Value(now + pause)), default=F("breaker_until")),
    )
    if provider.failures + 1 >= THRESHOLD:
        log.warning("provider_left_alone", provider=str(provider.pk), seconds=pause.total_seconds())


def told_to_wait(provider: Provider, error: str, pause: timedelta, *, now: datetime) -> None:
    """Leave a provider alone for as long as it asked for; that is no failure."""
    until = now + min(pause, LONGEST_RETRY_AFTER)
    Provider.objects.filter(pk=provider.pk).filter(Q(breaker_until=None) | Q(breaker_until__lt=until)).update(
        breaker_state=_STATE.OPEN, breaker_until=until, last_error=error[:300], last_error_at=now
    )
