"""Take a batch of Segment's calls."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import ApiKey
from customers.identity import join_visitors
from events.browser import ingest_for
from integrations.segment_calls import people
from integrations.segment_calls.calls import Call, Errors, InvalidCall, parse_call
from integrations.segment_calls.ecommerce import events_of

SOURCE = "segment"


@dataclass(slots=True)
class Taken:
    """What became of the calls, by place in the batch."""

    accepted: int = 0
    rejected: dict[int, Errors] = field(default_factory=dict)
    ignored: dict[int, Errors] = field(default_factory=dict)
    quarantined: dict[int, str] = field(default_factory=dict)


def take(
    messages: Sequence[Any],
    key: ApiKey,
    now: datetime,
    *,
    kind: str | None = None,
    sent_at: Any = None,
    context: Any = None,
) -> Taken:
    """Store what the messages say, each once by its messageId; bad ones do not keep out the others.

    First who people are and whose history is whose, then what they did. A repeat changes nothing, so
    a caller who got no answer may send all of it again. A constant number of queries.
    """
    taken = Taken()
    calls: dict[int, Call] = {}
    for place, raw in enumerate(messages):
        try:
            calls[place] = parse_call(raw, now=now, kind=kind, sent_at=sent_at, context=context)
        except InvalidCall as invalid:
            taken.rejected[place] = invalid.errors
    taken.ignored = people.describe(
        {p: c for p, c in calls.items() if c.kind == "identify"}, key, now
    ).ignored
    _join(list(calls.values()), now)
    _ingest(calls, key, now, taken)
    taken.accepted = sum(place not in taken.rejected for place in calls)
    return taken


def _join(calls: list[Call], now: datetime) -> None:
    """Make the people who were named, and join visitors who turned out to be one of them."""
    pairs = people.visitors(calls)
    named = [call.user for call in calls if call.user and call.kind in ("identify", "alias")]
    users = people.ensure([*named, *(user for _, user in pairs)], now)
    if pairs:
        join_visitors([(visitor, users[user]) for visitor, user in pairs if user in users], now)


def _ingest(calls: dict[int, Call], key: ApiKey, now: datetime, taken: Taken) -> None:
    events: list[dict[str, Any]] = []
    places: list[int] = []
    for place, call in calls.items():
        found = events_of(call)
        events += found
        places += [place] * len(found)
    if not events:
        return
    result = ingest_for(key, events, now=now, default_source=SOURCE)
    for entry in result.rejected:
        taken.rejected.setdefault(places[entry["index"]], {}).update(entry["errors"])
    for entry in result.quarantined:
        taken.quarantined[places[entry["index"]]] = entry["reason"]
