"""How providers do, hour by hour."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from customers.models import Channel
from delivery.models import Provider, ProviderHour
from delivery.providers.routing import usable

HOURS = 24


@dataclass(slots=True)
class Health:
    """A provider, or what is built in (None), and its last day."""

    channel: str
    provider: Provider | None
    serves: bool
    hours: list[ProviderHour | None] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """Return what it took."""
        return sum(h.sent for h in self.hours if h)

    @property
    def failed(self) -> int:
        """Return what it refused, and what nobody knows about."""
        return sum(h.refused + h.unknown for h in self.hours if h)

    @property
    def postponed(self) -> int:
        """Return what it put off."""
        return sum(h.postponed for h in self.hours if h)

    @property
    def untried(self) -> int:
        """Return how often it could not be used."""
        return sum(h.untried for h in self.hours if h)

    @property
    def latency(self) -> float | None:
        """Return the milliseconds it takes to answer, None when it was not asked."""
        calls = sum(h.calls for h in self.hours if h)
        return sum(h.milliseconds for h in self.hours if h) / calls if calls else None


def health(*, now: datetime) -> list[Health]:
    """Return all providers and what is built in, by channel. Two queries and one for each channel."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    slots = [this_hour - timedelta(hours=n) for n in reversed(range(HOURS))]
    rows: dict[tuple[str, object], dict[datetime, ProviderHour]] = {}
    for row in ProviderHour.objects.filter(hour__gte=slots[0]):
        rows.setdefault((row.channel, row.provider_id), {})[row.hour] = row
    providers = list(Provider.objects.all())
    found = []
    for channel in Channel.values:
        serving = set(usable(channel))
        for provider in (p for p in providers if p.channel == channel):
            found.append(Health(channel, provider, provider in serving))
        if not serving or (channel, None) in rows:
            found.append(Health(channel, None, not serving))
    for one in found:
        hours = rows.get((one.channel, one.provider.pk if one.provider else None), {})
        one.hours = [hours.get(slot) for slot in slots]
    return found
