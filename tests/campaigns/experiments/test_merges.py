"""Somebody who turns out to be two people of a test, and the global control group's page figures."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.experiments.live.looks import take_look
from campaigns.experiments.models import Assignment, Exposure
from campaigns.experiments.people import Arms
from tests.campaigns.experiments.live.crowd import make_live, put

pytestmark = pytest.mark.django_db

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("kept_first", [True, False])
def test_the_earlier_arm_stays_and_is_left_out_and_undo_gives_both_back(kept_first):
    experiment = make_live(T0)
    put(experiment, "a", 20, at=T0)
    put(experiment, "b", 20, at=T0)
    one = put(experiment, "a", 1, at=T0)[0]
    two = put(experiment, "b", 1, at=T0 + timedelta(hours=1))[0]
    kept, merged = (one, two) if kept_first else (two, one)
    before = list(Assignment.objects.order_by("id").values())
    rows = Arms(Assignment, once=("experiment_id",), parts=((Exposure, "assignment_id"),))
    data = rows.merge(kept, merged, [], T0)
    left = Assignment.objects.get(customer=kept)
    assert (left.variant.key, left.multiple) == ("a", 1)
    assert not Assignment.objects.filter(customer=merged).exists()
    assert Exposure.objects.count() == 41
    look = take_look(experiment, as_of=T0 + timedelta(days=9), now=T0 + timedelta(days=9))
    assert [v["n"] for v in look.results["variants"]] == [20, 20]
    assert look.statistics["counts"]["multiple"] == 1
    rows.undo(kept, merged, [], data, T0)
    assert list(Assignment.objects.order_by("id").values()) == before
    assert Exposure.objects.count() == 42
