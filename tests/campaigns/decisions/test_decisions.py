"""A slot decides between products and offers, with probabilities that sum to one."""

import pytest

from accounts.models import Scope
from campaigns.experiments.models import Assignment, Experiment
from campaigns.experiments.services import create_experiment, start
from campaigns.promotions.models import Promotion
from core import clock
from recommendations.models import Decision
from tests.api.conftest import Partner
from tests.factories.accounts import make_key
from tests.recommendations.planted import CUT, trained_once

pytestmark = pytest.mark.django_db

trained = trained_once("popularity", "own-frequency")


@pytest.fixture
def shop(trained, db, settings):
    settings.ARTIFACTS = trained
    settings.SHOP_AS_OF = CUT.isoformat()
    return Partner(make_key("shop", scopes=[Scope.RECOMMENDATIONS_READ, Scope.EVENTS_WRITE]))


def decide(shop: Partner, **body: object) -> dict:
    answer = shop.call("POST", "/api/v1/decisions", {"slot": "hero", **body})
    assert answer.status_code == 200, answer.content
    return answer.json()


def offer() -> None:
    for slug in ("tea", "bread"):
        Promotion.objects.create(
            slug=slug,
            name=slug.title(),
            benefit={"kind": "percent", "percent": "10"},
            currency="USD",
            created_at=clock.now(),
        )


def test_propensities_sum_to_one_and_the_draw_is_kept(shop):
    offer()
    seen = set()
    for number in range(60):
        told = decide(shop, customer=f"c{number}", limit=3)
        assert sum(choice["p"] for choice in told["eligible"]) == pytest.approx(1, abs=1e-12)
        assert [choice["p"] for choice in told["eligible"]] == pytest.approx([0.9, 0.05, 0.05])
        stored = Decision.objects.get(pk=told["decision_id"])
        assert stored.propensity == next(c["p"] for c in told["eligible"] if c["key"] == told["action"])
        assert stored.eligible == told["eligible"]
        assert bool(told["items"]) == (told["kind"] == "products")
        assert bool(told["offer"]) == (told["kind"] == "offer")
        assert decide(shop, customer=f"c{number}", limit=3)["action"] == told["action"]
        seen.add(told["kind"])
    assert seen == {"products", "offer"}


def test_a_running_experiment_of_the_slots_name_decides_by_its_arms(shop):
    experiment = create_experiment(
        key="hero",
        name="Hero",
        salt="s",
        variants=[
            {"key": "a", "name": "A", "is_control": True, "levers": {"strategy": "popularity"}},
            {"key": "b", "name": "B", "levers": {"strategy": "own-frequency"}},
        ],
        holdout_share=0.2,
        window_days=28,
        now=CUT,
    )
    start(experiment, CUT)
    kinds = set()
    for number in range(40):
        told = decide(shop, customer=f"c{number}", limit=3)
        assert told["policy_version"] == "experiment:hero"
        assert sum(choice["p"] for choice in told["eligible"]) == pytest.approx(1, abs=1e-12)
        arm = Assignment.objects.get(experiment=experiment, customer__external_id=f"c{number}")
        assert told["action"] == (arm.variant.key if arm.variant else "held-out")
        assert told["propensity"] == pytest.approx(arm.propensity)
        kinds.add(told["action"])
        if told["kind"] == "none":
            assert told["items"] == []
            assert told["offer"] is None
    assert kinds == {"a", "b", "held-out"}
    Experiment.objects.update(state=Experiment.State.PAUSED)
    assert decide(shop, customer="c1")["policy_version"].startswith("explore")


def test_an_outcome_is_told_once(shop):
    path = f"/api/v1/decisions/{decide(shop, customer='c1')['decision_id']}/outcome"
    first = shop.call("POST", path, {"reward": 1})
    again = shop.call("POST", path, {"reward": 1.0})
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    other = shop.call("POST", path, {"reward": 0})
    assert (other.status_code, other.json()["type"]) == (409, "/api/problems#outcome-known")
    assert Decision.objects.get(pk=first.json()["decision_id"]).reward == 1
    unknown = shop.call(
        "POST", "/api/v1/decisions/01999999-0000-7000-8000-000000000000/outcome", {"reward": 1}
    )
    assert unknown.status_code == 404


def test_strangers_get_what_sells_and_wrong_calls_are_said(shop):
    assert all(item["fallback"] for item in decide(shop, visitor="nobody")["items"])
    assert all(item["fallback"] for item in decide(shop)["items"])
    both = shop.call("POST", "/api/v1/decisions", {"slot": "hero", "customer": "c1", "visitor": "v"})
    assert both.status_code == 400
    assert shop.call("POST", "/api/v1/decisions", {"slot": "hero", "customer": "none"}).status_code == 404
    nothing = shop.call("POST", "/api/v1/decisions", {"slot": "hero", "kinds": ["offer"]})
    assert (nothing.status_code, nothing.json()["type"]) == (404, "/api/problems#nothing-to-show")
