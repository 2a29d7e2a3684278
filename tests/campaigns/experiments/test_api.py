"""Tests over REST: a partner's own pages are split, met, read and decided."""

from datetime import timedelta

import pytest

from accounts.models import AuditEntry, Scope
from campaigns.experiments.models import Assignment, Experiment, Exposure
from campaigns.experiments.statistics.assignment import Arm, arm_of, bucket
from core import clock
from customers.models import Customer
from tests.factories.accounts import make_key

pytestmark = pytest.mark.django_db

NEW = {
    "key": "button",
    "name": "Green or blue button",
    "salt": "s",
    "variants": [{"key": "green"}, {"key": "blue"}],
    "holdout_share": "0.100",
    "window_days": 7,
}


@pytest.fixture
def call(client):
    token = make_key()

    def send(method, path, body=None):
        return getattr(client, method)(
            f"/api/v1/experiments{path}",
            **({} if body is None else {"data": body}),
            content_type="application/json",
            headers={"Authorization": f"Api-Key {token}"},
        )

    return send


@pytest.fixture
def people(db):
    now = clock.now()
    Customer.objects.bulk_create(
        Customer(external_id=f"p{n}", created_at=now, updated_at=now) for n in range(200)
    )
    return [f"p{n}" for n in range(200)]


def test_a_test_is_made_started_placed_met_read_and_decided(call, people):
    made = call("post", "", NEW)
    assert made.status_code == 201, made.content
    assert [v["is_control"] for v in made.json()["variants"]] == [True, False]
    assert call("post", "/button/assignments", {"customers": people[:2]}).json()["assignments"][0] == {
        "customer": "p0", "variant": None, "held_out": False, "propensity": None, "bucket": None,
        "reason": "not_running",
    }  # fmt: skip
    assert call("post", "/button/start").json()["state"] == "running"
    first = call("post", "/button/assignments", {"customers": people}).json()["assignments"]
    assert [one["customer"] for one in first] == people
    for one in first:
        held = bucket("s:holdout", one["customer"]) < 1000
        expected = arm_of(bucket("s", one["customer"]), [Arm("green", 1), Arm("blue", 1)]).key
        assert (one["held_out"], one["variant"]) == (held, None if held else expected)
        assert one["propensity"] == pytest.approx(0.1 if held else 0.45)
    assert call("post", "/button/assignments", {"customers": people}).json()["assignments"] == first
    alone = call("get", f"/button/assignment?unit={people[0]}").json()
    assert alone == first[0]
    met = [{"customer": name} for name in people[:100]] + [{"customer": "stranger"}]
    told = call("post", "/button/exposures", {"exposures": met}).json()
    assert told == {"accepted": 100, "repeated": 0, "unassigned": ["stranger"]}
    again = call("post", "/button/exposures", {"exposures": met[:10]}).json()
    assert (again["accepted"], again["repeated"]) == (0, 10)
    assert Exposure.objects.filter(ghost=True).count() == sum(one["held_out"] for one in first[:100])
    report = call("post", "/button/look").json()
    assert report["people"]["met"] == 100
    assert report["results"]["outcome"] == "continue"
    decided = call("post", "/button/decide", {"winner": "blue", "reason": "Brand."}).json()
    assert decided["state"] == "decided"
    assert decided["decision"]["supported"] is False
    assert AuditEntry.objects.filter(action="override_experiment", actor__startswith="API key").exists()
    late = call("post", "/button/assignments", {"customers": ["p0"]}).json()["assignments"]
    assert late == first[:1]  # who has an arm keeps it


def test_a_clock_ahead_of_ours_does_not_move_the_window(call, people):
    call("post", "", NEW)
    call("post", "/button/start")
    call("post", "/button/assignments", {"customers": people[:1]})
    ahead = (clock.now() + timedelta(days=3)).isoformat()
    call("post", "/button/exposures", {"exposures": [{"customer": "p0", "at": ahead}]})
    assert Exposure.objects.get().at <= clock.now()


def test_tests_of_a_layer_never_meet_the_same_person(call, people):
    for key, share in (("one", 0.6), ("two", 0.4)):
        body = NEW | {
            "key": key,
            "salt": key,
            "layer": "checkout",
            "layer_share": share,
            "holdout_share": "0",
        }
        assert call("post", "", body).status_code == 201
        call("post", f"/{key}/start")
        call("post", f"/{key}/assignments", {"customers": people})
    rows = Assignment.objects.values_list("experiment__key", "customer")
    ids = [{pk for name, pk in rows if name == key} for key in ("one", "two")]
    assert ids[0] and ids[1]
    assert not ids[0] & ids[1]
    assert len(ids[0] | ids[1]) == 200
    outside = call("post", "/two/assignments", {"customers": people}).json()["assignments"]
    assert {one["reason"] for one in outside if one["variant"] is None} == {"outside_layer"}
    full = call("post", "", NEW | {"key": "three", "salt": "three", "layer": "checkout", "layer_share": 0.1})
    assert (full.status_code, full.json()["type"]) == (409, "/api/problems#experiment-refused")


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"key": "taken"}, 409, "slug-taken"),
        ({"salt": "used"}, 409, "experiment-refused"),
        ({"variants": []}, 400, "invalid-request"),
        ({"variants": [{"key": "a"}, {"key": "a"}]}, 400, "invalid-request"),
        ({"variants": [{"key": "a", "weight": 0}]}, 400, "invalid-request"),
        ({"variants": [{"key": "a", "is_control": True}, {"key": "b", "is_control": True}]}, 409, None),
        ({"variants": [{"key": "a", "levers": {"price": 1}}]}, 400, "invalid-request"),
        ({"metric": "luck"}, 400, "invalid-request"),
        ({"colour": "green"}, 400, "invalid-request"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call, change, status, kind):
    call("post", "", NEW | {"key": "taken", "salt": "used"})
    answer = call("post", "", NEW | {"key": "fresh", "salt": "fresh"} | change)
    assert answer.status_code == status, answer.content
    if kind:
        assert answer.json()["type"] == f"/api/problems#{kind}"
    assert Experiment.objects.count() == 1


def test_reading_needs_one_scope_and_changing_another(client):
    reader = make_key("r", scopes=[Scope.EXPERIMENTS_READ])
    header = {"Authorization": f"Api-Key {reader}"}
    assert client.get("/api/v1/experiments", headers=header).status_code == 200
    refused = client.post("/api/v1/experiments", NEW, content_type="application/json", headers=header)
    assert refused.status_code == 403
    stranger = {"Authorization": f"Api-Key {make_key('s', scopes=[Scope.CAMPAIGNS_READ])}"}
    assert client.get("/api/v1/experiments", headers=stranger).status_code == 403
    assert client.get("/api/v1/experiments/none", headers=header).status_code == 404
