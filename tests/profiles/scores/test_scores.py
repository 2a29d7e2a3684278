"""Scores from facts: trained, stored with reasons, kept as versions, told by REST; unknown says why."""

import json
from datetime import UTC, timedelta
from uuid import UUID

import pytest
from django.core.management import call_command
from django.utils import translation
from django_celery_beat.models import PeriodicTask

from accounts.jobs import kinds
from accounts.keys import create_key
from accounts.models import AuditEntry, Job, Scope
from core.partitions import ensure_partitions, months_between
from customers.models import Customer
from events.models import Event
from events.store import TABLE
from profiles.models import CustomerScore, ScoreVersion
from profiles.scores import services, store
from profiles.scores.facts import read_past
from profiles.scores.formulas import FEATURES
from profiles.scores.reasons import NAMES
from profiles.scores.selectors import KINDS, statements
from profiles.scores.services import score_customers
from recommender.columns import AMOUNT, TIME, USER
from recommender.dataset import DAY
from recommender.scoring import ScoreModel, Tables, Unknown, formulas
from tests.profiles.conftest import AS_OF
from tests.recommender.scoring.conftest import DAYS, make_past

START = AS_OF - timedelta(days=DAYS)


@pytest.fixture
def history(shop, settings, tmp_path):
    """A year of 200 customers' orders, and four weeks after it that must not be seen."""
    settings.ARTIFACTS = tmp_path
    past = make_past(200, responses=False)
    names = past.baskets[USER].unique().sort().to_list()
    people = {
        one.external_id: one
        for one in Customer.objects.bulk_create(
            Customer(external_id=name, created_at=START, updated_at=START) for name in names
        )
    }
    ensure_partitions(TABLE, months_between(START, AS_OF + timedelta(days=30)))
    Event.objects.bulk_create(
        Event(
            source="shop",
            message_id=str(number),
            type="purchase",
            customer=people[row[USER]],
            order_id=f"o{number}",
            quantity=1,
            amount=f"{row[AMOUNT]:.2f}",
            occurred_at=START + timedelta(days=row[TIME] / DAY),
            received_at=AS_OF,
        )
        for number, row in enumerate(past.baskets.iter_rows(named=True))
    )
    return people


def test_orders_are_read_net_of_what_was_taken_back(shop):
    alice, bob = shop.customer("alice"), shop.customer("bob", no_profiling=True)
    shop.event(alice, 9, order="a1", amount="10.00")
    shop.event(alice, 9, order="a1", amount="5.00")
    shop.event(alice, 8, order="a1", type="refund", amount="-4.00")
    shop.event(alice, 7, order="a2")
    shop.event(alice, 6, order="a2", type="cancel", amount=None)
    shop.event(alice, 0, order="later")
    shop.event(bob, 5)
    shop.event(alice, 4, type="message_clicked", amount=None, properties={"machine": True})
    shop.event(alice, 3, type="message_clicked", amount=None)
    until = (AS_OF + timedelta(days=5)).isoformat()
    shop.event(alice, 2, type="coupon_assigned", amount=None, properties={"until": until})
    shop.event(alice, 1, type="coupon_assigned", amount=None, properties={"until": "soon"})
    past = read_past(AS_OF)
    assert past.baskets.select(USER, AMOUNT).rows() == [(str(alice.pk), 11.0)]
    assert past.baskets[TIME][0] == (AS_OF - timedelta(days=9)).timestamp()
    assert set(past.responses.select("event", "until").rows()) == {
        ("click", None),
        ("offer", None),
        ("offer", (AS_OF + timedelta(days=5)).timestamp()),
    }
    assert set(past.responses[USER]) == {str(alice.pk)}


def test_customers_get_scores_with_reasons_and_versions_their_cards(history, settings, client, monkeypatch):
    objector = history["c0007"]
    Customer.objects.filter(pk=objector.pk).update(no_profiling=True)
    versions = {version.kind: version for version in score_customers(as_of=AS_OF, now=AS_OF)}
    churn = versions["churn"]
    assert churn.known and churn.active and churn.customers > 120
    scores = CustomerScore.objects.filter(kind="churn")
    assert scores.count() == churn.customers
    assert not CustomerScore.objects.filter(customer=objector).exists()
    assert churn.card["compared"][churn.model]["auc"]["mean"] > 0.6
    assert len(churn.card["reliability"]) == 10
    assert {row["level"] for row in churn.drift} <= {"stable", "watch", "drifted"}
    one = scores.exclude(reasons=[]).first()
    assert 0 <= one.low <= one.score <= one.high <= 1
    assert one.as_of == AS_OF
    # What is stored is what the artefact says.
    model = ScoreModel.load(settings.ARTIFACTS / churn.artifact, churn.checksum)
    said = model.score(Tables(read_past(AS_OF), AS_OF.timestamp()).at(0.0))
    assert dict(scores.values_list("customer_id", "score")) == pytest.approx(
        dict(zip(map(int, said[USER]), said["score"], strict=True))
    )
    value = CustomerScore.objects.filter(kind="lifetime_value").first()
    assert [row["feature"] for row in value.reasons] == ["purchases", "alive", "basket"]
    assert value.score == pytest.approx(value.reasons[0]["value"] * value.reasons[2]["value"])
    assert "difference" in versions["lifetime_value"].card["check"]
    missing = {name: versions["redemption"].card[name] for name in ("what", "found", "needed", "missing")}
    assert missing == {"what": "outcomes of the rarer kind", "found": 0, "needed": 100, "missing": 100}
    assert churn.card["sources"]["orders"]["newest"] < AS_OF.timestamp()
    _told_by_rest(client, one)
    # Training again takes as long and finds the same; what matters is what becomes of the rows.
    kept = _kept(versions, settings.ARTIFACTS)
    monkeypatch.setattr(services, "train", lambda tables, target, seed: kept[target.kind])
    _again_replaces(versions)


def _told_by_rest(client, one):
    _, key = create_key(name="partner", scopes=[Scope.CUSTOMERS_READ], now=AS_OF)
    headers = {"Authorization": f"Api-Key {key}"}
    url = f"/api/v1/customers/{one.customer.external_id}/scores"
    assert client.get(url).status_code == 401
    answer = client.get(url, headers=headers).json()
    told = next(score for score in answer["scores"] if score["kind"] == "churn")
    assert (told["score"], told["model_version"]) == (one.score, one.model_version)
    assert [reason["adds"] for reason in told["reasons"]] == [reason["adds"] for reason in one.reasons]
    assert told["reasons"][0]["text"]
    missing = {row["kind"]: row for row in answer["unknown"]}
    assert (missing["redemption"]["found"], missing["redemption"]["needed"]) == (0, 100)
    assert missing["redemption"]["text"].startswith("0 of 100 redemptions")
    assert client.get("/api/v1/customers/nobody/scores", headers=headers).status_code == 404
    cards = client.get("/api/v1/score-models", headers=headers).json()
    assert {card["kind"] for card in cards} == {"churn", "purchase", "redemption", "click", "lifetime_value"}


def _kept(versions, artifacts):
    return {
        kind: ScoreModel.load(artifacts / version.artifact, version.checksum)
        if version.known
        else Unknown(kind, version.card["what"], version.card["found"], version.card["needed"])
        for kind, version in versions.items()
        if kind != "lifetime_value"
    }


def _again_replaces(before):
    old = dict(CustomerScore.objects.filter(kind="churn").values_list("customer_id", "score"))
    score_customers(as_of=AS_OF, now=AS_OF)
    assert dict(CustomerScore.objects.filter(kind="churn").values_list("customer_id", "score")) == old
    assert not CustomerScore.objects.filter(model_version=str(before["churn"].pk)).exists()
    assert ScoreVersion.objects.filter(active=True).count() == 5
    assert ScoreVersion.objects.count() == 10


def test_a_shop_that_knows_too_little_has_no_scores_and_loses_old_ones(shop, settings, tmp_path, capsys):
    settings.ARTIFACTS = tmp_path
    alice = shop.customer("alice")
    shop.event(alice, 5)
    CustomerScore.objects.create(
        customer=alice, kind="churn", model_version="old", score=0.5, as_of=shop.at(400)
    )
    call_command("score", as_of=AS_OF.astimezone(UTC).isoformat())
    printed = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert printed["scores"]["churn"]["unknown"]["missing"] == 100
    assert not CustomerScore.objects.exists()
    assert set(ScoreVersion.objects.filter(active=True).values_list("known", flat=True)) == {False}


def test_before_any_training_every_score_says_never_trained(shop, client):
    shop.customer("alice")
    _, key = create_key(name="partner", scopes=[Scope.CUSTOMERS_READ], now=AS_OF)
    answer = client.get("/api/v1/customers/alice/scores", headers={"Authorization": f"Api-Key {key}"}).json()
    assert answer["scores"] == []
    assert [row["kind"] for row in answer["unknown"]] == sorted(KINDS)
    assert {row["what"] for row in answer["unknown"]} == {"never trained"}


def test_who_objects_is_unknown_whatever_rows_there_are(shop):
    bob = shop.customer("bob", no_profiling=True)
    CustomerScore.objects.create(customer=bob, kind="churn", model_version="old", score=0.5, as_of=AS_OF)
    assert [(one.score, one.missing.what) for one in statements(bob)] == [(None, "objected to profiling")] * 5


def test_a_partner_starts_one_scoring_and_watches_it(db, client):
    _, reads = create_key(name="reader", scopes=[Scope.CUSTOMERS_READ], now=AS_OF)
    _, writes = create_key(name="shop", scopes=[Scope.CUSTOMERS_WRITE, Scope.CUSTOMERS_READ], now=AS_OF)
    url = "/api/v1/score-models"
    assert client.post(url, headers={"Authorization": f"Api-Key {reads}"}).status_code == 403
    headers = {"Authorization": f"Api-Key {writes}"}
    first, second = (client.post(url, headers=headers) for _ in range(2))
    assert (first.status_code, second.json()["job"]) == (202, first.json()["job"])
    assert list(Job.objects.values_list("kind", "state")) == [("score", "queued")]
    assert list(AuditEntry.objects.filter(action="start_scoring").values_list("actor", flat=True)) == ["shop"]
    told = client.get(f"{url}/jobs/{first.json()['job']}", headers=headers).json()
    assert (told["state"], told["error"]) == ("queued", "")
    assert client.get(f"{url}/jobs/{UUID(int=7)}", headers=headers).status_code == 404


def test_formulas_are_those_of_the_library():
    with translation.override("en"):
        assert {name: str(formula) for name, (formula, _unit, _of) in FEATURES.items()} == formulas()
    assert set(FEATURES) <= set(NAMES)


def test_old_artefacts_go_and_what_is_referred_to_stays(shop, settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    alice = shop.customer("alice")
    versions = [_trained_earlier(tmp_path, days) for days in (9, 8, 7, 3, 2, 1)]
    versions[-1].active = True
    versions[-1].save()
    CustomerScore.objects.create(
        customer=alice, kind="churn", model_version=str(versions[1].pk), score=0.5, as_of=AS_OF
    )
    assert store.prune() == 2
    there = [(tmp_path / "scores" / str(version.pk)).exists() for version in versions]
    assert there == [False, True, False, True, True, True]
    assert ScoreVersion.objects.filter(artifact="").count() == 2
    assert store.prune() == 0


def _trained_earlier(folder, days):
    version = ScoreVersion(kind="churn", as_of=AS_OF, known=True, created_at=AS_OF - timedelta(days=days))
    version.artifact = f"scores/{version.pk}"
    (folder / version.artifact).mkdir(parents=True)
    version.save()
    return version


def test_scores_are_a_job_and_nightly_for_beat(as_migrated, shop, settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    assert kinds.get("score").queue == "training"
    assert PeriodicTask.objects.get(name="Score customers").task == "profiles.tasks.score_customers"
