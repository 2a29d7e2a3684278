"""What a partner reads of how good lists are: the console's figures, and behind a key of one's own only."""

from datetime import timedelta

import pytest

from accounts.models import PUBLISHABLE_SCOPES, Scope
from catalog.models import Product
from recommendations.models import ModelVersion, TuningDecision
from recommendations.quality.services import look_back
from recommendations.services.decisions import note
from recommendations.services.training import train_models
from tests.api.conftest import Partner
from tests.factories.accounts import make_key
from tests.recommendations.planted import CUT, plant

pytestmark = pytest.mark.django_db
PATHS = {
    "/api/v1/strategies": Scope.EXPERIMENTS_READ,
    "/api/v1/strategies/weeks": Scope.EXPERIMENTS_READ,
    "/api/v1/tuning-decisions": Scope.EXPERIMENTS_READ,
    "/api/v1/cold-products": Scope.PRODUCTS_READ,
}


@pytest.fixture
def shop(settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    plant()
    train_models(as_of=CUT, now=CUT, keys=["popularity"])
    Product.objects.create(sku="new", name="Lonely", created_at=CUT, updated_at=CUT)
    version = ModelVersion.objects.get()
    note(slot="api", action=["hit-0", "hit-1"], now=CUT, policy_version=str(version.pk))
    look_back(as_of=CUT, now=CUT + timedelta(seconds=1))
    return version


def decided(number: int, **fields) -> TuningDecision:
    state = fields.pop("state", "applied")
    return TuningDecision.objects.create(
        kind=fields.pop("kind", "strategy"), use="email:replenish", state=state, reference=f"test#{number}",
        verdict="better", evidence={"n": number}, before={"strategy": "a"}, after={"strategy": "b"},
        changed=True, as_of=CUT, created_at=CUT, **fields,
    )  # fmt: skip


def test_the_figures_are_those_of_the_pages(shop):
    partner = Partner(make_key("warehouse", scopes=[Scope.EXPERIMENTS_READ, Scope.PRODUCTS_READ]))
    [strategy] = partner.call("GET", "/api/v1/strategies").json()
    assert (strategy["key"], strategy["version"]) == ("popularity", str(shop.pk))
    assert "email:replenish" in strategy["champion_of"]
    known = shop.metrics["objectives"]
    assert {line["objective"]: line["ndcg10"] for line in strategy["figures"]} == {
        objective: figures["ndcg10"] for objective, figures in known.items()
    }
    [week] = partner.call("GET", "/api/v1/strategies/weeks?weeks=1").json()
    assert (week["strategy"], week["answers"], week["places"]) == ("popularity", 1, 2)
    cold = partner.call("GET", "/api/v1/cold-products?which=unreached&limit=500").json()
    assert "new" in {line["sku"] for line in cold["results"]}
    assert cold["count"] == len(cold["results"])


def test_decisions_come_newest_first_in_pages(db):
    rows = [decided(n, kind="blend" if n == 1 else "strategy") for n in range(3)]
    partner = Partner(make_key("warehouse", scopes=[Scope.EXPERIMENTS_READ]))
    first = partner.call("GET", "/api/v1/tuning-decisions?limit=2").json()
    assert [line["evidence"]["n"] for line in first["results"]] == [2, 1]
    rest = partner.call("GET", first["next"]).json()
    assert [line["id"] for line in rest["results"]] == [str(rows[0].pk)]
    blend = partner.call("GET", "/api/v1/tuning-decisions?kind=blend&state=applied").json()
    assert [line["evidence"]["n"] for line in blend["results"]] == [1]


@pytest.mark.parametrize(("path", "scope"), PATHS.items())
def test_only_a_key_with_the_scope_reads_them(db, path, scope):
    others = [one for one in Scope.values if one != scope]
    assert Partner(make_key("other", scopes=others)).call("GET", path).status_code == 403
    assert Partner(make_key("own", scopes=[scope])).call("GET", path).status_code == 200
    assert Partner("nonsense").call("GET", path).status_code == 401
    # What stands in a page's source reads none of them.
    assert scope not in PUBLISHABLE_SCOPES


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/strategies/weeks?weeks=0",
        "/api/v1/strategies/weeks?weeks=1e9",
        "/api/v1/cold-products?which=all%00",
        "/api/v1/cold-products?offset=99999999999999999999",
        "/api/v1/tuning-decisions?state=none",
        "/api/v1/tuning-decisions?kind=%00",
        "/api/v1/tuning-decisions?cursor=cD14",
    ],
)
def test_strange_questions_are_a_sentence(alice, path):
    assert alice.call("GET", path).status_code in (400, 404)


@pytest.fixture
def alice(db):
    return Partner(make_key("alice"))
