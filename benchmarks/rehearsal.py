"""What a rehearsal costs: `python -m benchmarks.rehearsal [--quick]`. Its last line is JSON.

behaviour_seconds   a mailing to an audience by what people did, on six earlier dates
profiles_seconds    the same by the profile (orders, lifecycle), which is built anew for each date
triggered_seconds   a triggered campaign: six weeks of what would have set it off
share_of_past       the part of profiles_seconds that goes into the profiles; the rest is asking and counting

The shop is that of `benchmarks.shop`: 200,000 customers and 10 million events in two years; --quick takes a
tenth. The limit of each is two minutes. Nothing is sent; what is stored are the rehearsals.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from benchmarks.measuring import peak_mb, result
from benchmarks.shop import AS_OF, FULL, QUICK, say, shop  # sets Django up, so it comes first

# isort: split
from campaigns.actions import create_campaign
from campaigns.content.starters import ensure_starter_templates
from campaigns.models import Campaign
from campaigns.rehearsal import past
from campaigns.rehearsal.services import rehearse
from segments.models import Segment
from segments.refresh import refresh_segment

LIMIT = 120.0
RULES: dict[str, dict[str, Any]] = {
    "behaviour": {
        "all": [
            {"event": "purchase", "category": "c3", "count": {"gte": 1}, "within_days": 180},
            {"event": "purchase", "never": True, "within_days": 28},
            {"field": "consent.email", "op": "eq", "value": True},
        ]
    },
    "profiles": {
        "all": [
            {"field": "profile.orders", "op": "gte", "value": 3},
            {"field": "profile.lifecycle", "op": "in", "value": ["active", "lapsing"]},
        ]
    },
}


def campaign(name: str, segment: Segment | None, **more: Any) -> Campaign:
    """Return a draft that writes to a segment."""
    made = create_campaign(
        user=None, now=AS_OF, name=name, slug=name, kind=Campaign.Kind.EMAIL, segment=segment,
        content=ensure_starter_templates(AS_OF)["recommendations"],
    )  # fmt: skip
    for field, value in more.items():
        setattr(made, field, value)
    made.save()
    return made


@contextmanager
def profiles_timed(spent: list[float]) -> Iterator[None]:
    """Add up what the profiles of earlier days take."""
    original = past.build_earlier

    def timed(*args: Any, **kwargs: Any) -> int:
        begun = perf_counter()
        try:
            return original(*args, **kwargs)
        finally:
            spent.append(perf_counter() - begun)

    past.build_earlier = timed
    try:
        yield
    finally:
        past.build_earlier = original


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    size = QUICK if parser.parse_args().quick else FULL
    results = []
    with shop(size, name="benchmark_rehearsal"):
        plans = {}
        for name, rule in RULES.items():
            segment = Segment.objects.create(slug=name, name=name, rule=rule, created_at=AS_OF)
            refresh_segment(segment, as_of=AS_OF, now=AS_OF)
            plans[name] = campaign(name, segment)
        plans["triggered"] = campaign(
            "cart", None, timing="triggered", trigger_event="add_to_cart", delay_minutes=60,
            unless_event="purchase",
        )  # fmt: skip
        for name, plan in plans.items():
            spent: list[float] = []
            with profiles_timed(spent):
                kept = rehearse(plan, as_of=AS_OF, now=AS_OF)
            people = [date["people"] for date in kept.figures["dates"]]
            say(f"{name}: {kept.seconds:.1f} s, {people} people")
            results.append(result(f"{name}_seconds", kept.seconds, "s", LIMIT))
            if name == "profiles":
                results.append(result("share_of_past", sum(spent) / kept.seconds, "share", 1.0))
    print(json.dumps({"name": "rehearsal", "cores": 2, "peak_mb": round(peak_mb()), "results": results}))


if __name__ == "__main__":
    sys.exit(main())
