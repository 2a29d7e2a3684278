"""How the members of a segment can be reached, by channel."""

from typing import Any

from django.core.cache import cache

from core import clock
from customers.models import Channel
from segments.models import Segment
from segments.preview import preview
from segments.rules import RuleError

#: Consents change by the minute, and nobody plans by the minute.
SECONDS = 600


def reach_of(segment: Segment) -> list[dict[str, Any]]:
    """Return channel, people and share of those who may be reached, the most first, from the cache.

    One statement over the members, about 0.4 s for 100,000.
    """

    def count() -> dict[str, int]:
        try:
            found: dict[str, int] = preview({"segment": segment.slug}, as_of=clock.knowledge_now())[
                "channels"
            ]
        except RuleError:
            return {}
        return found

    name = f"segments:reach:{segment.pk}:{segment.refreshed_at and segment.refreshed_at.timestamp()}"
    counts: dict[str, int] = cache.get_or_set(name, count, SECONDS) or {}
    labels = dict(Channel.choices)
    return [
        {
            "channel": labels.get(channel, channel),
            "people": people,
            "share": people / segment.size if segment.size else None,
        }
        for channel, people in sorted(counts.items(), key=lambda pair: -pair[1])
    ]
