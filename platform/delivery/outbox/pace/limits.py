"""Which rates hold."""

from dataclasses import dataclass

from django.conf import settings

from delivery.models import Provider, Run

#: A throttled run may send a minute's worth at once, so that a wake-up is worth its while.
RUN_BURST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Limit:
    """A token bucket's name, its tokens a second, and the most it holds."""

    name: str
    rate: float
    burst: float


def of_provider(provider: Provider) -> Limit | None:
    """Return the provider's limit, None when it takes as much as it gets."""
    if not provider.rate_per_second:
        return None
    burst = provider.burst or max(1.0, provider.rate_per_second)
    return Limit(f"provider:{provider.pk}", provider.rate_per_second, burst)


def of_run(run: Run) -> Limit | None:
    """Return the run's throttle, None without one."""
    if not run.per_hour:
        return None
    rate = run.per_hour / 3600
    return Limit(f"run:{run.pk}", rate, max(1.0, rate * RUN_BURST_SECONDS))


def of_domain(domain: str) -> Limit | None:
    """Return the limit of a recipient's domain: its own, else that of “*”, else None."""
    rates: dict[str, float] = settings.DELIVERY_DOMAIN_RATES
    rate = rates.get(domain, rates.get("*"))
    return Limit(f"domain:{domain}", rate, max(1.0, rate)) if rate else None
