"""A triggered campaign's week: what would have set it off, whom, and how often."""

from datetime import timedelta

import polars as pl
import pytest

from campaigns.models import Campaign
from campaigns.rehearsal.services import rehearse
from campaigns.rehearsal.starts import WEEK, spaced
from events.services import record
from segments.models import Segment
from tests.campaigns.rehearsal.conftest import NOW, mailing

AT = NOW - timedelta(days=28)


def triggered(segment=None, **more) -> Campaign:
    campaign = mailing(segment)
    for name, value in {"timing": "triggered", **more}.items():
        setattr(campaign, name, value)
    campaign.save()
    return campaign


def happens(kind: str, customer: int, at) -> None:
    record(
        [
            {
                "source": "shop", "message_id": f"{kind}{customer}{at}", "type": kind,
                "customer_id": customer, "occurred_at": at,
            }
        ],
        at,
    )  # fmt: skip


def test_counts_what_set_it_off_in_the_week(people):
    campaign = triggered(trigger_event="add_to_cart", delay_minutes=60, unless_event="purchase")
    monday = AT - WEEK + timedelta(hours=1)
    agreed, refused, bought = people[4], people[1], people[2]
    happens("add_to_cart", agreed, monday)
    happens("add_to_cart", agreed, monday + timedelta(hours=2))  # too soon after the first
    happens("add_to_cart", refused, monday)
    happens("add_to_cart", bought, monday)
    happens("purchase", bought, monday + timedelta(minutes=30))  # bought meanwhile
    happens("add_to_cart", people[8], AT - WEEK - timedelta(minutes=1))  # the week before
    happens("add_to_cart", people[10], AT)  # the week after
    first = rehearse(campaign, as_of=NOW, now=NOW).figures["dates"][0]
    assert (first["audience"], first["people"], first["messages"]) == (2, 1, 1)
    assert first["dropped"] == {"no_consent": 1}
    assert first["buyers"] == 1


def test_counts_who_entered_the_segment(people):
    rule = {"event": "view", "count": {"gte": 1}, "within_days": 28}
    looked = Segment.objects.create(slug="looked", name="Looked", rule=rule, created_at=NOW)
    happens("view", people[0], AT - timedelta(days=2))
    happens("view", people[2], AT - timedelta(days=9))  # was in before the week began
    happens("view", people[4], AT + timedelta(days=1))
    kept = rehearse(triggered(trigger_segment=looked), as_of=NOW, now=NOW)
    assert kept.figures["dates"][0]["people"] == 1
    assert kept.inputs["trigger_segment"] == {"slug": "looked", "version": 1}


def test_says_how_many_a_usual_week_has(people):
    for week in range(30):
        for number in range(4):
            happens("subscribe", people[2 * number], NOW - timedelta(days=7 * week + 1))
    kept = rehearse(triggered(trigger_event="subscribe"), as_of=NOW, now=NOW)
    found = next(f for f in kept.figures["expected"] if f["key"] == "people")
    assert [d["messages"] for d in kept.figures["dates"]] == [4] * 6
    assert found["mark"] == "measured"
    assert found["low"] < 4 < found["high"]
    assert found["value"] == pytest.approx(4.4, abs=0.5)


def test_a_pause_counts_from_what_was_sent():
    day = 86_400.0
    rows = pl.DataFrame({"customer_id": [1] * 5 + [2], "at": [0.0, day, 6 * day, 7 * day, 15 * day, day]})
    kept = spaced(rows, timedelta(days=7))
    assert kept.rows() == [(1, 0.0), (1, 7 * day), (1, 15 * day), (2, day)]
    assert spaced(rows, timedelta(0)).height == 6
