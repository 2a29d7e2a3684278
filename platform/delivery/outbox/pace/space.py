"""How much a worker may take out of the queue now, so that it claims and renders nothing in vain."""

from dataclasses import dataclass
from datetime import datetime

from delivery.models import Provider, Run
from delivery.outbox.pace import breaker, buckets, limits


@dataclass(frozen=True, slots=True)
class Space:
    """So many messages may be taken; when that is none, `at` is the moment to ask again."""

    messages: int
    at: datetime | None = None


def reserve(run: Run, wanted: int, *, now: datetime) -> Space:
    """Look what the providers take and reserve the run's share of its hour.

    One query; one or two more for each limit. What is not used goes back by `release`.
    """
    space = _of_providers(run.channel, wanted, now)
    limit = limits.of_run(run)
    if limit is None or not space.messages:
        return space
    granted = buckets.take({limit: space.messages}, now=now)[limit.name].granted
    if granted:
        return Space(granted)
    # Not for each single token: a wake-up should be worth its while.
    return Space(0, buckets.refilled_at(limit, max(1, int(limit.burst / 4)), now=now))


def release(run: Run, count: int) -> None:
    """Give back what was reserved of a run's hour and not used."""
    if limit := limits.of_run(run):
        buckets.give_back(limit, count)


def _of_providers(channel: str, wanted: int, now: datetime) -> Space:
    """Return what the first providers that can be used take together; the built-in one takes all."""
    providers = list(Provider.objects.filter(channel=channel, is_active=True).order_by("priority"))
    if not providers:
        return Space(wanted)
    able = [p for p in providers if breaker.usable(p, now=now)]
    if not able:
        return Space(0, min(p.breaker_until for p in providers if p.breaker_until))
    first = [limits.of_provider(p) for p in able if p.priority == able[0].priority]
    limited = [limit for limit in first if limit is not None]
    if len(limited) < len(first):
        return Space(wanted)
    if tokens := sum(buckets.there(limit, now=now) for limit in limited):
        return Space(min(wanted, tokens))
    return Space(0, min(buckets.refilled_at(limit, 1, now=now) for limit in limited))
