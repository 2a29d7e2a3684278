"""Lists in blocks, turns of versions, gates, and the way back."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from accounts.jobs import Cancelled
from accounts.models import AuditEntry
from catalog.models import Product
from core.ids import uuid7
from customers.models import Consent, Customer
from recommendations.artifacts import _load
from recommendations.measured import measured
from recommendations.models import Champion, ModelVersion, RecommendationList, Serving, Strategy
from recommendations.selectors import lists_for
from recommendations.services import lists as blocks
from recommendations.services.lists import precompute_lists
from recommendations.services.registry import GateError, admit, crown, gates, promote, serve_previous
from recommendations.services.training import finish_lists, train_models
from tests.recommendations.planted import CUSTOMERS, CUT, plant

pytestmark = pytest.mark.django_db
LATER = CUT + timedelta(days=7)


@pytest.fixture(autouse=True)
def artefacts(settings, tmp_path):
    settings.ARTIFACTS = tmp_path


def first() -> int:
    return Customer.objects.order_by("pk").values_list("pk", flat=True)[0]


def shown(customer: int) -> list[tuple[str, float]]:
    served = lists_for([customer], use="email", objective="replenish", limit=5)
    return [(item.sku, item.score) for item in served[customer]]


def test_lists_are_kept_for_those_who_may_be_messaged_and_made_for_others_when_they_ask():
    plant()
    silent, shy = Customer.objects.order_by("pk")[:2]
    Consent.objects.filter(customer=silent).update(granted=False)
    Customer.objects.filter(pk=shy.pk).update(no_profiling=True)
    train_models(as_of=CUT, now=CUT, keys=["popularity"])
    kept = set(RecommendationList.objects.values_list("customer_id", flat=True))
    assert len(kept) == CUSTOMERS - 2
    assert not kept & {silent.pk, shy.pk}
    assert len(shown(silent.pk)) == 5


def test_the_lists_are_those_of_the_model_in_its_order(monkeypatch):
    monkeypatch.setattr(blocks, "_BLOCK", 7)
    plant()
    train_models(as_of=CUT, now=CUT, keys=["hybrid"])
    version = ModelVersion.objects.get()
    model = blocks.fitted(version)
    row = RecommendationList.objects.filter(model_version=version, objective="discover").last()
    places = model.recommend(
        [str(row.customer_id)], 20, "discover", candidates=blocks.available_products(), reasons=True
    ).for_user(0)
    assert row.scores == pytest.approx([score for _, score, _ in places], rel=1e-5)
    # A block is another matrix than one person: what is equal but for rounding may stand in either order.
    reasons = [reason.partition(":")[0] for reason in row.reasons]
    made = dict(zip(row.product_ids, zip(row.scores, reasons, strict=True), strict=True))
    wanted = {int(item): (score, reason) for item, score, reason in places}
    least = row.scores[-1] * (1 + 1e-5)
    assert {pk for pk in made if made[pk][0] > least} == {pk for pk in wanted if wanted[pk][0] > least}
    for pk in made.keys() & wanted.keys():
        assert made[pk] == (pytest.approx(wanted[pk][0], rel=1e-5), wanted[pk][1])
    assert version.lists_progress["discover"]["written"] == CUSTOMERS


def test_an_interrupted_making_of_lists_goes_on_and_the_old_version_serves_meanwhile(monkeypatch):
    monkeypatch.setattr(blocks, "_BLOCK", 10)
    plant()
    train_models(as_of=CUT, now=CUT, keys=["popularity"])
    customer = first()
    before = shown(customer)
    old = Serving.objects.get(until=None).version

    def stop(done, total=None, message=""):
        if message == "Lists" and done >= 30:
            raise Cancelled

    with pytest.raises(Cancelled):
        train_models(as_of=LATER, now=LATER, keys=["popularity"], progress=stop)
    half = ModelVersion.objects.exclude(pk=old.pk).get()
    written = RecommendationList.objects.filter(model_version=half).count()
    assert 0 < written < 2 * CUSTOMERS
    assert half.stage == ModelVersion.Stage.CANDIDATE
    assert Serving.objects.get(until=None).version == old
    assert shown(customer) == before

    seen: list[int] = []
    finish_lists(now=LATER, progress=lambda done, total=None, message="": seen.append(done))
    assert min(seen) > written  # it did not begin anew
    assert RecommendationList.objects.filter(model_version=half).count() == 2 * CUSTOMERS
    assert Serving.objects.get(until=None).version == half
    half.refresh_from_db()
    old.refresh_from_db()
    assert (half.stage, old.stage) == (ModelVersion.Stage.CHAMPION, ModelVersion.Stage.RETIRED)


def test_a_rollback_restores_the_very_lists_and_says_who(django_user_model):
    plant()
    mia = django_user_model.objects.create_user("mia")
    train_models(as_of=CUT - timedelta(days=28), now=CUT, keys=["own-frequency"])
    own = Strategy.objects.get(key="own-frequency")
    Champion.objects.update(strategy=own)
    customer = first()
    before = shown(customer)
    train_models(as_of=LATER, now=LATER, keys=["own-frequency"])
    assert shown(customer) != before
    turn = serve_previous(own, user=mia, now=LATER)
    assert shown(customer) == before
    assert (turn.why, turn.user) == (Serving.Why.ROLLED_BACK, mia)
    entry = AuditEntry.objects.filter(action="model.rolled_back").get()
    assert entry.user == mia
    # Forth again is a rollback, too: nothing was thrown away.
    serve_previous(own, user=mia, now=LATER)
    assert shown(customer) != before


def test_lists_older_than_the_version_before_are_deleted():
    plant()
    for week in range(3):
        train_models(
            as_of=CUT + timedelta(days=7 * week), now=CUT + timedelta(days=7 * week), keys=["popularity"]
        )
    kept = set(RecommendationList.objects.values_list("model_version", flat=True))
    assert kept == set(ModelVersion.objects.order_by("-created_at").values_list("pk", flat=True)[:2])


def test_a_worse_version_waits_and_the_old_one_serves_on(django_user_model):
    plant()
    mia = django_user_model.objects.create_user("mia")
    train_models(as_of=CUT, now=CUT, keys=["own-frequency"])
    serving = Serving.objects.get(until=None)
    train_models(as_of=LATER, now=LATER, keys=["own-frequency"])
    new = ModelVersion.objects.latest("created_at")
    # Measured again, as if it had turned out badly.
    Serving.objects.exclude(pk=serving.pk).delete()
    Serving.objects.update(until=None)
    for figures in new.metrics["objectives"].values():
        figures |= {"ndcg10": 0.01, "interval": [0.005, 0.02], "coverage10": 0.001}
    new.save()
    assert admit(new, now=LATER) is False
    assert Serving.objects.get(until=None).version == serving.version
    failed = {(gate["gate"], gate["passed"]) for gate in new.gates}
    assert {("artefact", True), ("ranking", False), ("coverage", False)} <= failed
    with pytest.raises(GateError, match="ranking"):
        promote(new, user=mia, now=LATER)


def test_a_tampered_artefact_gets_no_turn():
    plant()
    train_models(as_of=CUT, now=CUT, keys=["own-frequency"])
    version = ModelVersion.objects.get()
    file = blocks.fitted.__globals__["settings"].ARTIFACTS / version.artifact / "arrays.bin"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    _load.cache_clear()
    assert [gate.passed for gate in gates(version, None)] == [False]
    assert admit(version, now=CUT) is False


def test_a_person_crowns_a_strategy_only_where_the_measurement_does_not_speak_against_it(django_user_model):
    plant()
    mia = django_user_model.objects.create_user("mia")
    train_models(as_of=CUT, now=CUT, keys=["popularity", "own-frequency"])
    own, popular = (Strategy.objects.get(key=key) for key in ("own-frequency", "popularity"))
    decision = crown("email:replenish", own, user=mia, now=CUT)
    assert decision.changed
    assert decision.evidence["comparison"]["interval"][0] > 0
    assert Champion.objects.get(use="email:replenish").strategy == own
    with pytest.raises(GateError, match="found it worse than Bought again and again"):
        crown("email:replenish", popular, user=mia, now=CUT)
    with pytest.raises(GateError, match="no version that serves"):
        crown("email:replenish", Strategy.objects.get(key="als"), user=mia, now=CUT)
    assert Champion.objects.get(use="email:replenish").strategy == own


def test_a_warm_training_keeps_the_blend_and_is_not_measured():
    plant()
    train_models(as_of=CUT, now=CUT, keys=["hybrid"])
    first_version = ModelVersion.objects.get()
    train_models(as_of=LATER, now=LATER, keys=["hybrid"], warm=True)
    warm = ModelVersion.objects.latest("created_at")
    assert (warm.warm, warm.metrics, warm.as_of) == (True, {}, LATER)
    for objective, blend in first_version.parameters["blend"].items():
        assert warm.parameters["blend"][objective] == pytest.approx(blend)
    assert warm.rows > first_version.rows
    assert Serving.objects.get(until=None, strategy__key="hybrid").version == warm
    assert measured([first_version, warm]) == {first_version.pk: first_version, warm.pk: first_version}


def test_what_a_warm_version_goes_on_from_is_what_others_are_held_to(django_user_model):
    plant()
    mia = django_user_model.objects.create_user("mia")
    both = ["popularity", "own-frequency"]
    train_models(as_of=CUT, now=CUT, keys=both)
    crown("email:replenish", Strategy.objects.get(key="own-frequency"), user=mia, now=CUT)
    train_models(as_of=LATER, now=LATER, keys=both, warm=True)
    with pytest.raises(GateError, match="found it worse than Bought again and again"):
        crown("email:replenish", Strategy.objects.get(key="popularity"), user=mia, now=LATER)
    serving = Serving.objects.get(until=None, strategy__key="own-frequency").version
    assert serving.warm
    bad = ModelVersion.objects.get(strategy=serving.strategy, warm=False)
    bad.pk, bad.created_at, bad._state.adding = uuid7(), LATER, True
    for figures in bad.metrics["objectives"].values():
        figures |= {"ndcg10": 0.01, "interval": [0.005, 0.02]}
    bad.save()
    assert admit(bad, now=LATER) is False
    assert ("ranking", False) in {(gate["gate"], gate["passed"]) for gate in bad.gates}
    assert Serving.objects.get(until=None, strategy=serving.strategy).version == serving


TRAIN = """
import os, sys, time
from datetime import datetime
import django
django.setup()
from django.conf import settings
from pathlib import Path
settings.ARTIFACTS = Path(sys.argv[1])
from recommendations.services import lists
from recommendations.services.training import train_models
lists._BLOCK = 10
def slow(done, total=None, message=""):
    print(message, done, flush=True)
    if message == "Lists":
        time.sleep(0.5)
at = datetime.fromisoformat(sys.argv[2])
train_models(as_of=at, now=at, keys=["popularity"], progress=slow)
"""


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_a_training_killed_half_way_leaves_the_old_lists_serving(settings, tmp_path):
    plant()
    train_models(as_of=CUT, now=CUT, keys=["popularity"])
    customer = first()
    before = shown(customer)
    database = settings.DATABASES["default"]
    address = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    environment = os.environ | {
        "DATABASE_URL": address,
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "PYTHONPATH": os.pathsep.join(["platform", "."]),
    }
    command = [sys.executable, "-c", TRAIN, str(tmp_path), LATER.isoformat()]
    training = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        for line in training.stdout:
            if line.startswith("Lists 20"):
                break
        training.send_signal(signal.SIGKILL)
    finally:
        training.kill()
        training.wait()
    time.sleep(0.2)
    assert Serving.objects.get(until=None).version.as_of == CUT
    assert shown(customer) == before
    assert finish_lists(now=LATER) == 1
    assert Serving.objects.get(until=None).version.as_of == LATER


def test_an_empty_catalogue_and_a_newcomer_are_no_error():
    plant()
    train_models(as_of=CUT, now=CUT, keys=["popularity"])
    version = ModelVersion.objects.get()
    newcomer = Customer.objects.create(external_id="new", created_at=CUT, updated_at=CUT)
    assert len(shown(newcomer.pk)) == 5
    Product.objects.update(stock=0)
    assert shown(newcomer.pk) == []
    RecommendationList.objects.all().delete()
    version.lists_progress = {}
    precompute_lists(version, blocks.fitted(version), now=CUT)
    assert {tuple(row.product_ids) for row in RecommendationList.objects.all()} == {()}
