"""What messages showed: it marks purchases, labels the ranker's rows, and tells how broad a round was."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from campaigns.decisions.shown import shown_rows
from core.ids import uuid7
from customers.models import Customer
from delivery.models import Message, MessageState, Run
from delivery.services.launching import ensure_run_partition
from events.models import Event
from recommendations.frames import CAUSED_WEIGHT, marked, purchases, round_of, shown
from recommendations.models import Decision, ModelVersion
from recommendations.services.training import train_models
from tests.recommendations.planted import CUT, plant

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = 86_400.0


def frame(*rows: tuple[str, str, float], **more: float) -> pl.DataFrame:
    found = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    return found.with_columns(pl.col("timestamp").cast(pl.Float64), **{k: pl.lit(v) for k, v in more.items()})


def test_purchases_within_a_week_of_a_message_that_showed_them_count_half():
    bought = frame(("1", "a", 8 * DAY), ("1", "a", 6 * DAY), ("1", "b", 2 * DAY), ("2", "a", 2 * DAY))
    seen = frame(("1", "a", DAY - 1), ("1", "b", 3 * DAY), propensity=0.5)
    assert marked(bought, seen)["weight"].to_list() == [1.0, CAUSED_WEIGHT, 1.0, 1.0]
    assert marked(bought, seen).select(bought.columns).equals(bought)
    # Without anything shown nothing is weighed, so that training is what it was.
    assert marked(bought, seen.clear()).equals(bought)


def test_a_round_says_how_broad_it_was():
    items = pl.DataFrame({"item_id": ["a", "b", "c", "d"]})
    seen = frame(("1", "a", DAY), ("2", "a", DAY), ("2", "b", DAY), ("3", "c", 0.0), propensity=1.0)
    bought = marked(frame(("1", "a", 2 * DAY), ("1", "d", 2 * DAY)), seen)
    # Gini over 0, 0, 1, 2: (-3*0 -1*0 + 1*1 + 3*2) / (3 * 3).
    assert round_of(bought, seen, items, DAY) == {
        "shown": 3, "products": 2, "coverage": 0.5, "concentration": pytest.approx(7 / 9), "caused_share": 0.5
    }  # fmt: skip
    assert round_of(bought, seen, items, 9 * DAY) == {}


@pytest.fixture
def sent(db):
    """A planted shop whose customers were shown a product each, two of them by a draw."""
    plant()
    people = list(Customer.objects.order_by("pk")[:3])
    Customer.objects.filter(pk=people[2].pk).update(no_profiling=True)
    at = CUT - timedelta(days=5)
    key = uuid7()
    run = Run(id=key, source="campaign", reference=str(key), channel="email", as_of=at, created_at=at)
    ensure_run_partition(run)
    run.save(force_insert=True)
    sku = Event.objects.filter(customer=people[0], type="purchase").values_list("product__sku", flat=True)[0]
    Message.objects.bulk_create(
        Message(run=run, source="campaign", customer=one, channel="email", state=MessageState.SENT, due_at=at,
                sent_at=at, context={"products": [sku]})
        for one in people
    )  # fmt: skip
    for one in people[1:]:
        Decision.objects.create(
            customer=one, slot="email:replenish", context={"run": str(run.pk)}, eligible=[], action={},
            propensity=0.25, policy_version="learned:x", at=at,
        )  # fmt: skip
    return people


def test_rows_carry_the_chance_they_were_chosen_by_and_nobody_who_refused(sent):
    rows = shown_rows(CUT - timedelta(days=30), CUT)
    assert dict(rows.select("user_id", "propensity").iter_rows()) == {
        str(sent[0].pk): 1.0, str(sent[1].pk): 0.25
    }  # fmt: skip
    assert shown(CUT - timedelta(days=6)).is_empty()


def test_training_marks_what_messages_caused_and_keeps_the_round(sent, settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    train_models(as_of=CUT, now=CUT, keys=["popularity"])
    kept = ModelVersion.objects.get().metrics["round"]
    assert (kept["shown"], kept["products"]) == (2, 1)
    assert 0 < kept["concentration"] <= 1
    assert str(sent[2].pk) not in set(marked(purchases(CUT), shown(CUT))["user_id"].to_list())
