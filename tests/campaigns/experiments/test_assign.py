"""Assignment in the database equals the published hash, is stored once, and keeps its shares."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from campaigns.experiments.models import Assignment, Experiment, Variant
from campaigns.experiments.services import assign, create_experiment
from campaigns.experiments.statistics.assignment import Arm, arm_of, bucket
from customers.models import Customer

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 3, 4, tzinfo=UTC)
EVERYBODY = ("SELECT id AS customer_id FROM customers_customer WHERE id >= %s", [0])


def customers(count: int) -> None:
    Customer.objects.bulk_create(
        Customer(external_id=f"客户-{number}", created_at=NOW, updated_at=NOW) for number in range(count)
    )


def experiment(**changes) -> Experiment:
    values = {
        "key": "subject",
        "name": "Subject",
        "salt": "salt",
        "variants": [
            {"key": "a", "name": "A", "weight": 1, "is_control": True},
            {"key": "b", "name": "B", "weight": 3},
        ],
        "holdout_share": 0.1,
        "window_days": 28,
        "now": NOW,
    }
    return create_experiment(**(values | changes))


def test_the_database_computes_the_published_buckets():
    customers(3000)
    test = experiment()

    assert assign(test, query=EVERYBODY, now=NOW) == 3000

    arms = [Arm("a", 1), Arm("b", 3)]
    for row in Assignment.objects.select_related("customer", "variant"):
        unit = row.customer.external_id
        assert row.bucket == bucket("salt", unit)
        held = bucket("salt:holdout", unit) < 1000
        expected = None if held else arm_of(row.bucket, arms).key
        assert (row.variant.key if row.variant else None) == expected
        assert row.propensity == pytest.approx(0.1 if held else {"a": 0.225, "b": 0.675}[expected])


def test_weights_change_only_for_newcomers():
    customers(400)
    test = experiment()
    assign(test, query=EVERYBODY, now=NOW)
    before = dict(Assignment.objects.values_list("customer_id", "variant_id"))
    Variant.objects.filter(experiment=test, key="a").update(weight=0)
    customers_later = [
        Customer(external_id=f"late-{number}", created_at=NOW, updated_at=NOW) for number in range(100)
    ]
    Customer.objects.bulk_create(customers_later)

    assert assign(test, query=EVERYBODY, now=NOW) == 100

    after = dict(Assignment.objects.values_list("customer_id", "variant_id"))
    assert {pk: after[pk] for pk in before} == before
    late = Assignment.objects.filter(customer__external_id__startswith="late-")
    assert Counter(late.values_list("variant__key", flat=True)).keys() <= {"b", None}


def test_a_salt_with_a_percent_sign_or_quote_is_only_text():
    customers(50)
    test = experiment(salt="100 %s '; DROP TABLE experiments_assignment; --")
    assert assign(test, query=EVERYBODY, now=NOW) == 50


@pytest.mark.parametrize(
    "variants",
    [
        [],
        [{"key": "a", "name": "A"}],
        [{"key": "a", "name": "A", "is_control": True}, {"key": "a", "name": "A again"}],
        [{"key": "a", "name": "A", "weight": 0, "is_control": True}],
    ],
)
def test_an_experiment_that_cannot_be_split_is_refused(variants):
    with pytest.raises(ValueError, match=r"arm|control|Weights"):
        experiment(variants=variants)
    assert not Experiment.objects.exists()
