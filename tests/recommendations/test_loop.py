"""The loop on planted histories: what is better becomes champion and shapes the next training."""

from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from campaigns.experiments.analysis import NothingToAnalyseError, replay
from campaigns.experiments.models import Experiment, Snapshot
from campaigns.experiments.services import assign, create_experiment, start
from campaigns.experiments.tuning import tune
from customers.models import Customer
from recommendations.models import Champion, ModelVersion, Posterior, Strategy, TuningDecision
from recommendations.selectors import lists_for
from recommendations.services import roll_back
from recommendations.services.training import train_models
from tests.recommendations.planted import CUSTOMERS, CUT, trained_once

pytestmark = pytest.mark.django_db

EVERYBODY = ("SELECT id AS customer_id FROM customers_customer", [])
LENGTH = 3
USE = "email:replenish"

trained = trained_once("popularity", "hybrid")


@pytest.fixture(autouse=True)
def artefacts(trained, db, settings):
    settings.ARTIFACTS = trained


def compare(control: str, treatment: str, key: str = "test") -> Experiment:
    experiment = create_experiment(
        key=key,
        name=key,
        salt=f"planted {key}",
        kind=Experiment.Kind.REPLAY,
        variants=[
            {"key": "a", "name": control, "levers": {"strategy": control}, "is_control": True},
            {"key": "b", "name": treatment, "levers": {"strategy": treatment}},
        ],
        holdout_share=0.1,
        window_days=28,
        now=CUT,
    )
    start(experiment, CUT)
    assign(experiment, query=EVERYBODY, now=CUT)
    replay(experiment, objective="replenish", length=LENGTH, as_of=CUT, now=CUT)
    return experiment


def test_a_clearly_better_strategy_becomes_champion_and_the_next_training_starts_from_it():
    experiment = compare("popularity", "hybrid")
    look = Snapshot.objects.get(experiment=experiment)
    assert look.results["verdict"] == "better"
    assert [arm["n"] for arm in look.results["variants"]] == [CUSTOMERS, CUSTOMERS]
    assert [arm["conversions"] for arm in look.results["variants"]] == [0, CUSTOMERS]
    assert look.results["kind"] == "replay"

    strategy, blend = tune(experiment, use=USE, now=CUT)
    assert (strategy.before, strategy.after) == ({"strategy": "popularity"}, {"strategy": "hybrid"})
    assert strategy.changed
    assert Champion.objects.get(use=USE).strategy.key == "hybrid"
    assert Champion.objects.get(use="email:discover").strategy.key == "popularity"
    # Each serves one use, so both are champions.
    assert set(ModelVersion.objects.values_list("stage", flat=True)) == {ModelVersion.Stage.CHAMPION}
    weights = ModelVersion.objects.get(strategy__key="hybrid").parameters["blend"]["replenish"]
    # 80 people differed; a replay counts half.
    assert blend.after["alpha"] == pytest.approx({part: 40 * weight for part, weight in weights.items()})

    later = CUT + timedelta(days=7)
    train_models(as_of=later, now=later, keys=["popularity", "hybrid"])
    version = ModelVersion.objects.filter(strategy__key="hybrid").latest("as_of")
    assert version.as_of == later
    assert version.stage == ModelVersion.Stage.CHAMPION
    given = version.parameters["given"]
    assert given["prior_strength"] == {"replenish": pytest.approx(40)}
    assert given["prior_weights"]["replenish"] == pytest.approx(weights)

    served = lists_for([look_customer()], use="email", objective="replenish", limit=LENGTH)
    assert {item.sku.split("-")[0] for item in served[look_customer()]} == {"habit"}


def test_an_equal_strategy_changes_nothing_and_says_so():
    Strategy.objects.create(key="twin", name="Twin", family="own-frequency", created_at=CUT)
    train_models(as_of=CUT, now=CUT, keys=["own-frequency", "twin"])

    experiment = compare("own-frequency", "twin")
    champion = Champion.objects.get(use=USE)
    with pytest.raises(NothingToAnalyseError):
        replay(experiment, objective="discover", length=LENGTH, as_of=CUT + timedelta(days=1), now=CUT)

    strategy, blend = tune(experiment, use=USE, now=CUT)
    assert strategy.verdict == blend.verdict == "no difference"
    assert not strategy.changed
    assert not blend.changed
    after = Champion.objects.get(use=USE)
    assert (after.strategy_id, after.since, after.decision_id) == (champion.strategy_id, champion.since, None)
    assert Posterior.objects.get(subject="blend:replenish").parameters == {"alpha": {}}


def test_tuning_twice_decides_once():
    experiment = compare("popularity", "hybrid")
    first = tune(experiment, use=USE, now=CUT)
    replay(experiment, objective="replenish", length=LENGTH, as_of=CUT, now=CUT + timedelta(hours=1))

    second = tune(experiment, use=USE, now=CUT + timedelta(hours=1))

    assert [decision.pk for decision in second] == [decision.pk for decision in first]
    assert Snapshot.objects.count() == 1
    assert TuningDecision.objects.count() == 2
    assert AuditEntry.objects.filter(action="tuning.decided").count() == 2


def test_a_rollback_restores_the_very_champion_posterior_and_lists(django_user_model):
    user = django_user_model.objects.create_user("mia")
    customer = look_customer()
    before = lists_for([customer], use="email", objective="replenish", limit=LENGTH)
    strategy, blend = tune(compare("popularity", "hybrid"), use=USE, now=CUT)
    assert lists_for([customer], use="email", objective="replenish", limit=LENGTH) != before

    roll_back(strategy, user=user, now=CUT)
    roll_back(blend, user=user, now=CUT)

    assert lists_for([customer], use="email", objective="replenish", limit=LENGTH) == before
    assert Posterior.objects.get(subject="blend:replenish").parameters == {"alpha": {}}
    entry = AuditEntry.objects.filter(action="tuning.rolled_back").first()
    assert (entry.user, entry.after) == (user, {"alpha": {}})
    with pytest.raises(ValueError, match="nothing to roll back"):
        roll_back(strategy, user=user, now=CUT)


def test_an_older_decision_cannot_be_rolled_back_under_a_newer_one():
    first, _ = tune(compare("popularity", "hybrid", "one"), use=USE, now=CUT)
    second, _ = tune(compare("hybrid", "popularity", "two"), use=USE, now=CUT)
    assert second.verdict == "worse"
    assert not second.changed
    roll_back(first, user=None, now=CUT)
    assert Champion.objects.get(use=USE).strategy.key == "popularity"


def look_customer() -> int:
    return Customer.objects.order_by("id").values_list("pk", flat=True)[0]
