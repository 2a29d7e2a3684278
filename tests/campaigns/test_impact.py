"""What campaigns caused: exact against scipy, and nothing said where nothing can be."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from campaigns.actions import create_campaign
from campaigns.experiments.services import create_experiment
from campaigns.impact import Span, effect_of, impact_of_shop, incremental, moments, together
from campaigns.outcomes.models import Attribution, Tally
from campaigns.reports.figures import Cohort, Figures, Outcome

START = datetime(2026, 3, 1, tzinfo=UTC)


def group(values, *, held_out=False):
    amounts = [Decimal(str(value)) for value in values]
    return Outcome(
        variant=None, held_out=held_out, people=len(amounts), buyers=sum(a > 0 for a in amounts),
        orders=sum(a > 0 for a in amounts), revenue=sum(amounts, start=Decimal(0)),
        squares=sum((a * a for a in amounts), start=Decimal(0)),
    )  # fmt: skip


def sparse(n, share, mean, seed):
    draw = np.random.default_rng(seed)
    return np.round(draw.lognormal(np.log(mean), 1.0, n) * (draw.random(n) < share), 2)


def test_it_is_welchs_comparison():
    treated, held = sparse(3_000, 0.08, 30, 1), sparse(400, 0.05, 30, 2)
    found = incremental(group(treated), group(held, held_out=True))
    welch = stats.ttest_ind(treated, held, equal_var=False)
    low, high = welch.confidence_interval(0.95)
    assert found.difference == pytest.approx(treated.mean() - held.mean(), rel=1e-9)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), rel=1e-9)
    assert found.p_value == pytest.approx(welch.pvalue, rel=1e-9)
    assert found.df == pytest.approx(welch.df, rel=1e-9)
    whole = found.total
    assert whole.value == pytest.approx(Decimal(found.difference * 3_000).quantize(Decimal("0.01")))
    assert (found.people, found.held) == (3_000, 400)
    assert whole.low < whole.value < whole.high
    assert found.certain == (welch.pvalue < 0.05)


def test_sums_of_large_amounts_lose_no_digits():
    values = [1e9 + n / 100 for n in range(20)]
    kept = moments(group([f"{v:.2f}" for v in values]))
    assert kept.m2 == pytest.approx(np.var(np.arange(20) / 100) * 20, rel=1e-6)


@pytest.mark.parametrize(
    ("treated", "held"),
    [
        ([10.0] * 9, [0.0] * 20),
        ([10.0] * 20, [0.0] * 9),
        ([0.0] * 50, [0.0] * 50),
        ([5.0] * 50, [4.0] * 50),
        ([], []),
    ],
)
def test_what_cannot_be_said_is_not_said(treated, held):
    assert incremental(group(treated), group(held, held_out=True)) is None


def test_arms_are_taken_together():
    a, b, held = sparse(50, 0.5, 9, 3), sparse(60, 0.5, 9, 4), sparse(40, 0.5, 9, 5)
    rows = [group(a), group(b), group(held, held_out=True)]
    assert effect_of(rows) == incremental(group([*a, *b]), group(held, held_out=True))


def test_several_campaigns_add_up():
    first = incremental(group(sparse(500, 0.2, 20, 6)), group(sparse(90, 0.1, 20, 7), held_out=True))
    second = incremental(group(sparse(800, 0.2, 20, 8)), group(sparse(120, 0.1, 20, 9), held_out=True))
    both = together([first, second])
    se = np.hypot(first.se * 500, second.se * 800)
    df = se**4 / ((first.se * 500) ** 4 / first.df + (second.se * 800) ** 4 / second.df)
    value = first.difference * 500 + second.difference * 800
    half = stats.t(df).isf(0.025) * se
    assert [float(both.value), float(both.low), float(both.high)] == pytest.approx(
        [value, value - half, value + half], abs=0.006
    )
    assert together([first]) == first.total
    assert together([]) is None


def keep(reference, treated, held, *, begins=START, goal=10):
    """Store what was counted of a campaign whose people's revenues are these."""
    groups = [group(treated), *([group(held, held_out=True)] if held else [])]
    cohorts = [Cohort(begins.isoformat(), g.held_out, g.people, g.revenue, g.squares) for g in groups]
    figures = Figures(groups, cohorts, [], [], [], [], [])
    Tally.objects.create(
        source="campaign", reference=reference, begins_at=begins, ends_at=begins + timedelta(days=goal),
        known_until=begins, counted_at=begins, figures=figures.as_json(),
    )  # fmt: skip


def credit(reference, amount, *, order, at=START + timedelta(days=1), source="campaign", model="last"):
    Attribution.objects.create(
        model=model, customer_id=1, order_id=order, ordered_at=at, source=source, reference=reference,
        run_id="00000000-0000-0000-0000-000000000001", message=1, channel="email", touch="click",
        touched_at=at, amount=Decimal(amount),
    )  # fmt: skip


@pytest.mark.django_db
def test_the_shops_impact_is_what_campaigns_with_a_holdout_caused(django_assert_num_queries):
    treated, held = [0.0] * 80 + [12.5] * 20, [0.0] * 45 + [10.0] * 5
    keep("tested", treated, held)
    keep("untested", [20.0] * 10 + [0.0] * 40, [])
    keep("earlier", treated, held, begins=START - timedelta(days=5))
    credit("tested", "30.00", order="1")
    credit("untested", "60.00", order="2")
    credit("earlier", "10.00", order="3")
    credit("tested", "99.00", order="4", model="first")
    credit("journey", "99.00", order="5", source="journey")
    credit("tested", "99.00", order="6", at=START + timedelta(days=30))
    with django_assert_num_queries(3):
        found = impact_of_shop(START, START + timedelta(days=30))
    alone = incremental(group(treated), group(held, held_out=True))
    assert found.attributed == Decimal("100.00")
    assert found.covered == pytest.approx(0.4)  # what began before is covered too
    assert (found.campaigns, found.incremental) == (1, alone.total)
    assert found.incremental.value == Decimal("150.00")  # (2.50 − 1.00) × 100


@pytest.mark.django_db
def test_what_was_played_on_history_caused_nothing():
    experiment = create_experiment(
        key="r", name="R", salt="s", holdout_share=0.3, window_days=10, now=START, kind="replay",
        variants=[{"key": "a", "name": "A", "is_control": True}],
    )  # fmt: skip
    campaign = create_campaign(user=None, now=START, name="R", slug="r", kind="email", experiment=experiment)
    keep(str(campaign.pk), [0.0] * 80 + [12.5] * 20, [0.0] * 45 + [10.0] * 5)
    credit(str(campaign.pk), "30.00", order="1")
    found = impact_of_shop(START, START + timedelta(days=30))
    assert (found.attributed, found.covered) == (Decimal("30.00"), 0.0)
    assert (found.incremental, found.campaigns) == (None, 0)


@pytest.mark.django_db
def test_a_shop_without_campaigns_has_no_impact():
    found = impact_of_shop(START, START + timedelta(days=30))
    assert (found.attributed, found.incremental, found.covered, found.campaigns) == (0, None, None, 0)
    assert isinstance(Span(Decimal(1), Decimal(0), Decimal(2)), Span)
