"""The loop's page: what it says of nothing, of doubt and of proof, for whom, and how it looks."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.models import User
from campaigns.impact import impact_of_shop, impact_over_time
from campaigns.learning.copy_features import ArmSeen, CopyBeliefs
from campaigns.learning.coupon_values import CouponValues
from campaigns.learning.memory import Outcome, Wave
from campaigns.outcomes.models import Tally
from campaigns.reports.figures import NOTHING, Cohort
from campaigns.reports.figures import Outcome as Bought
from campaigns.tuning.coupon_values import EVERYBODY
from campaigns.tuning.send_hours import build
from recommendations.models import Posterior, TuningDecision
from recommendations.services.tuning import Expected, propose
from recommendations.services.tuning import Figures as Evidence
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.delivery import make_customers
from tests.scenarios.browser import browsed, visit

PASSWORD = "correct horse"
NOW = datetime.now(UTC).replace(microsecond=0)


def tally(reference, *, caused, spread=20, people=2000, held=500, ago=60):
    """Keep what came of a campaign: each person written to brought `caused` more than 10."""
    began = NOW - timedelta(days=ago)

    def cohort(day, held_out, n, mean):
        revenue = Decimal(n) * Decimal(mean)
        squares = revenue * Decimal(mean) + n * Decimal(spread) ** 2
        return Cohort((began + timedelta(days=day)).isoformat(), held_out, n, revenue, squares)

    cohorts = [
        cohort(day, held_out, n // 2, mean)
        for day in (0, 20)
        for held_out, n, mean in ((False, people, 10 + caused), (True, held, 10))
    ]
    outcomes = [
        Bought(None, side, sum(c.people for c in cohorts if c.held_out is side), 9, 9, Decimal(9))
        for side in (False, True)
    ]
    Tally.objects.create(
        source="campaign", reference=reference, people=people + held, begins_at=began,
        ends_at=began + timedelta(days=48), known_until=NOW, counted_at=NOW,
        figures=replace(NOTHING, outcomes=outcomes, cohorts=cohorts).as_json(),
    )  # fmt: skip


@pytest.fixture
def alice(client):
    client.force_login(User.objects.create_superuser("alice", "alice@demo.invalid", PASSWORD))
    return client


def learned():
    """Store what some campaigns taught, and a decision of each sort."""
    make_customers(6, now=NOW)
    build(as_of=NOW, now=NOW)
    row = Posterior.objects.get(subject="send_hours", key="")
    row.parameters["hours"][""]["acts"] = [0.0] * 18 + [900.0] + [10.0] * 5
    row.save()
    cells = {"alone": (500, 25), "0": (900, 60), "10": (900, 110), "15": (900, 112)}
    value = CouponValues((EVERYBODY,), (0, 10, 15), may_leave_alone=False).updated(
        [Wave("t", {EVERYBODY: {
            arm: Outcome(n, x, x * 20.0, x * 40 * (int(arm) / 100 if arm != "alone" else 0))
            for arm, (n, x) in cells.items()
        }})]
    )  # fmt: skip
    words = CopyBeliefs().updated(
        [
            [ArmSeen({"urgent": 1, "offer": 1}, 4000, 420), ArmSeen({"product": 1}, 4000, 330)],
            [ArmSeen({"body_picture": 1}, 4000, 420), ArmSeen({"body_products": 2}, 4000, 370)],
        ]
        * 5
    )
    curve = [[n / 20, 0.08 * (n / 20) ** 0.5] for n in range(21)]
    evidence = {"rows": 12_000, "reason": "no_better_than_response", "curve": curve}
    for subject, key, parameters in (
        ("coupon_values", "memory", value.as_json()),
        ("copy", "", {"beliefs": words.as_json(), "tests": []}),
        ("targeting", "", {"use": False, "evidence": evidence}),
    ):
        Posterior.objects.create(subject=subject, key=key, parameters=parameters, updated_at=NOW)
    shares = {"0": 0.1, "10": 0.6, "15": 0.3}
    propose(
        "coupon_values", "coupon_values", evidence=Evidence("values:t", NOW), before={}, after=shares,
        expected=Expected(0.2, 0.05), now=NOW,
    )  # fmt: skip
    propose(
        "send_hours", "send_hours", evidence=Evidence("hours:1", NOW, verdict="worse"), before={},
        after={"use": False}, now=NOW - timedelta(days=2),
    )  # fmt: skip


@pytest.mark.django_db
def test_nothing_known_says_what_is_needed(alice):
    page = alice.get(reverse("admin:loop")).content.decode()
    assert "Nothing was learned yet" in page
    assert reverse("admin:campaign_new") in page


@pytest.mark.django_db
def test_a_person_decides_and_takes_back_on_the_page(alice):
    learned()
    page = alice.get(reverse("admin:loop"))
    text = page.content.decode()
    assert "no reliable targeting gain" in text
    assert "Choosing by what offers change did no better than the chance of buying." in text
    assert "18:00" in text
    assert page.context["known"]["hours"]["used"] is False
    assert [row["name"] for row in page.context["known"]["values"]["rows"]] == ["no coupon", "10 %", "15 %"]
    assert "begins with a picture (5)" in text
    assert len(page.context["known"]["words"]["charts"]) == 2
    [waiting] = page.context["waiting"]
    [done] = page.context["decisions"]
    alice.post(reverse("admin:tuning_decide", args=[waiting["decision"].pk, "approve"]))
    alice.post(reverse("admin:tuning_roll_back", args=[done["decision"].pk]))
    states = dict(TuningDecision.objects.values_list("kind", "state"))
    assert states == {"coupon_values": "applied", "send_hours": "rolled back"}
    page = alice.get(reverse("admin:loop"))
    assert (page.context["waiting"], page.context["known"]["hours"]["used"]) == ([], True)


@pytest.mark.django_db
def test_green_only_where_the_range_lies_above_nothing(alice):
    doubt = str(make_campaign(NOW, slug="doubt").pk)
    tally(doubt, caused=1, spread=60)
    page = alice.get(reverse("admin:loop"))
    assert page.context["verdict"]["tone"] == ""
    assert "No clear difference yet" in page.content.decode()
    tally(str(make_campaign(NOW, slug="proof").pk), caused=9, spread=10)
    page = alice.get(reverse("admin:loop"))
    assert page.context["verdict"]["tone"] == "ok"
    moments = impact_over_time(NOW - timedelta(days=365), NOW, points=20)
    whole = impact_of_shop(NOW - timedelta(days=365), NOW)
    assert moments[-1].incremental == whole.incremental
    assert moments[-1].campaigns == whole.campaigns == 2
    assert moments[0].incremental is None
    known = [m.incremental for m in moments if m.incremental]
    assert known[0].value < known[-1].value
    assert known[0].high - known[0].low < known[-1].high - known[-1].low


@pytest.mark.django_db
def test_revenue_is_for_who_may_see_campaigns_and_acts_for_who_may_decide(client):
    learned()
    tally(str(make_campaign(NOW, slug="proof").pk), caused=4, spread=10)
    bob = User.objects.create_user("bob", "bob@demo.invalid", PASSWORD, is_staff=True)
    client.force_login(bob)
    assert client.get(reverse("admin:loop")).status_code == 403
    bob.user_permissions.add(Permission.objects.get(codename="view_tuningdecision"))
    page = client.get(reverse("admin:loop"))
    assert page.status_code == 200
    assert page.context["verdict"] is None
    text = page.content.decode()
    assert "roll-back" not in text
    assert "/approve/" not in text


@pytest.mark.django_db
def test_the_page_asks_as_much_for_many_decisions_as_for_few(alice, django_assert_max_num_queries):
    learned()
    alice.get(reverse("admin:loop"))
    for n in range(25):
        propose(
            "send_hours", "send_hours", evidence=Evidence(f"hours:x{n}", NOW), before={"use": False},
            after={"use": False}, now=NOW,
        )  # fmt: skip
    with django_assert_max_num_queries(24):
        alice.get(reverse("admin:loop"))


@browsed
def test_it_is_sound_in_both_looks(live_server):
    User.objects.create_superuser("alice", "alice@demo.invalid", PASSWORD)
    learned()
    tally(str(make_campaign(NOW, slug="proof").pk), caused=4, spread=10)
    for theme, language in (("light", "en"), ("dark", "en")):
        with visit(live_server.url, theme=theme, language=language) as window:
            window.sign_in("alice", PASSWORD)
            assert window.go(reverse("admin:loop")) == 200
            assert window.faults() == []
            if folder := os.environ.get("RAPPORT_SHOTS"):
                window.page.screenshot(path=f"{folder}/loop-{theme}.png", full_page=True)
            if theme == "dark":
                window.page.get_by_role("button", name="Apply").click()
                window.page.wait_for_load_state("networkidle")
                assert "Applied. It can be rolled back at any time." in window.page.content()
                assert window.faults() == []
            assert window.complaints == []
