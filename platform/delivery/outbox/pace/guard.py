"""Rate limit and breaker around a provider's connection; the channel does not know of them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.utils.timezone import localtime

from delivery.channels.base import Connection, Outcome, Outgoing, Verdict
from delivery.models import Provider
from delivery.outbox.pace import breaker, buckets, limits

#: How long a chunk that is already marked as being sent may wait for its tokens.
LONGEST_WAIT = timedelta(seconds=5)


class PacedGuard:
    """Guards the connections of one worker (see delivery.channels.base.Guard).

    `wait` is asked to let some seconds pass; without it nothing waits, and what has no token is left.
    """

    def __init__(self, clock: Callable[[], datetime], wait: Callable[[float], object] | None = None) -> None:
        self.clock = clock
        self.wait = wait

    def __call__(self, provider: Provider | None, connection: Connection) -> Connection:
        """Return the connection, guarded; the built-in one has neither rate nor breaker."""
        return connection if provider is None else _Guarded(self, provider, connection)


class _Guarded:
    """A connection that asks the provider's row before each chunk: one query, about 0.3 ms."""

    def __init__(self, guard: PacedGuard, provider: Provider, connection: Connection) -> None:
        self._guard = guard
        self._key = provider.pk
        self._connection = connection

    def send(self, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        """Offer what breaker and rate let through; the rest is UNTRIED, with the moment to come back."""
        clock, rest = self._guard.clock, list(batch)
        provider = Provider.objects.get(pk=self._key)
        if provider.breaker_state != Provider.Breaker.CLOSED and not breaker.begin_probe(
            provider, now=clock()
        ):
            yield from _left(rest, "The provider is being left alone.", provider.breaker_until, clock())
            return
        deadline = clock() + LONGEST_WAIT
        while rest:
            # A provider that is being tried gets one message, whatever the chunk.
            trying = provider.breaker_state != Provider.Breaker.CLOSED
            allowed, at = self._allowed(provider, 1 if trying else len(rest), deadline)
            if not allowed:
                yield from _left(rest, "The provider's rate is used up.", at, clock())
                return
            going, rest = rest[:allowed], rest[allowed:]
            broken = yield from self._offer(provider, going)
            if rest:
                provider = Provider.objects.get(pk=self._key)
                if broken or provider.breaker_state != Provider.Breaker.CLOSED:
                    yield from _left(rest, provider.last_error, provider.breaker_until, clock())
                    return

    def _offer(self, provider: Provider, going: Sequence[Outgoing]) -> Iterator[Outcome]:
        """Pass the outcomes on and tell the breaker; return whether the provider cannot be used."""
        fresh, broken, pause = provider.failures == 0 and not provider.breaker_until, False, timedelta()
        for outcome in self._connection.send(going):
            if broken:
                pass  # the rest of what was not tried is one failure with it
            elif outcome.retry_after is not None:
                broken = outcome.verdict is Verdict.UNTRIED
                if outcome.retry_after > pause:
                    pause = outcome.retry_after
                    breaker.told_to_wait(provider, outcome.error, pause, now=self._guard.clock())
            elif outcome.verdict in (Verdict.UNTRIED, Verdict.UNKNOWN):
                broken, fresh = outcome.verdict is Verdict.UNTRIED, False
                breaker.failed(provider, outcome.error, now=self._guard.clock())
                provider = Provider.objects.get(pk=self._key)
            elif not fresh:
                breaker.answered(provider)
                fresh = True
            yield outcome
        return broken or bool(pause)

    def _allowed(self, provider: Provider, wanted: int, deadline: datetime) -> tuple[int, datetime | None]:
        """Return how many of those wanted may go, after a short wait if need be, else when to ask again."""
        limit = limits.of_provider(provider)
        if limit is None:
            return wanted, None
        while True:
            now = self._guard.clock()
            if granted := buckets.take({limit: wanted}, now=now)[limit.name].granted:
                return granted, None
            at = buckets.refilled_at(limit, 1, now=now)
            if self._guard.wait is None or at > deadline:
                return 0, at
            self._guard.wait((at - now).total_seconds())


def _left(batch: Sequence[Outgoing], error: str, until: datetime | None, now: datetime) -> Iterator[Outcome]:
    pause = max(until - now, timedelta(0)) if until is not None else None
    if until is not None and not error:
        error = f"The provider is left alone until {localtime(until):%H:%M}."
    for mail in batch:
        yield Outcome(mail.key, Verdict.UNTRIED, error, retry_after=pause)
