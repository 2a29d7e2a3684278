"""What every answer says about the key, the request and the problem."""

import re
from pathlib import Path

import pytest
from django.db import OperationalError

from campaigns.coupons.api.till import CouponView
from campaigns.promotions.api.orders import OrderView
from config.embedded.places import ROOT
from core.problem_types import kinds
from tests.api.test_access import problem
from tests.factories.events import event

_TYPE = re.compile(r"(?:Problem|problem_response)\(\s*(?:request,\s*)?\d{3},\s*\"([a-z-]+)\"")


def test_every_answer_says_where_the_key_stands(alice, settings):
    settings.API_CALLS_PER_MINUTE = 100
    first, second = (alice.call("GET", "/api/v1/products/none") for _ in range(2))
    assert first["RateLimit-Policy"] == '"key";q=100;w=60'
    assert re.fullmatch(r'"key";r=\d+;t=\d+', first["RateLimit"])
    assert first["RateLimit-Limit"] == "100"
    # A minute may begin between the calls.
    assert int(second["RateLimit-Remaining"]) in (int(first["RateLimit-Remaining"]) - 1, 99)
    assert 1 <= int(first["RateLimit-Reset"]) <= 61


def test_a_refused_call_has_none_left(alice, settings):
    settings.API_CALLS_PER_MINUTE = 0
    answer = alice.call("POST", "/api/v1/events", event())
    problem(answer, 429)
    assert answer["RateLimit-Remaining"] == "0"
    assert int(answer["Retry-After"]) == int(answer["RateLimit-Reset"])


def test_every_answer_names_its_request(alice, client):
    first, second = (alice.call("GET", "/api/v1/products/none", **{"X-Request-ID": "mine"}) for _ in range(2))
    assert re.fullmatch(r"[0-9a-f-]{36}", first["X-Request-ID"])
    assert first["X-Request-ID"] != second["X-Request-ID"]
    assert client.get("/api/v1/nothing").has_header("X-Request-ID")


def test_exhausted_connections_are_503_and_say_when_to_come_back(alice, monkeypatch):
    def exhausted(*args, **kwargs):
        raise OperationalError("FATAL: sorry, too many clients already")

    monkeypatch.setattr("events.services.store", exhausted)
    answer = alice.call("POST", "/api/v1/events", event())
    assert problem(answer, 503)["type"] == "/api/problems#unavailable"
    assert answer["Retry-After"] == "5"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_problem_types_are_published(client, db, language):
    page = client.get("/api/problems", headers={"Accept-Language": language}).content.decode()
    told = client.get("/api/problems", headers={"Accept": "application/json"}).json()["problems"]
    for name, _ in kinds:
        assert f'id="{name}"' in page
    assert {p["type"] for p in told} == {f"/api/problems#{name}" for name, _ in kinds}
    assert all(p["what_to_do"] for p in told)


def test_every_type_in_the_code_is_published():
    sources = [p for folder in ("platform", "campaigns") for p in Path(ROOT, folder).rglob("*.py")]
    used = set()
    for path in sources:
        used |= set(
            re.findall(
                r"(?:Problem|problem_response)\(\s*(?:request,\s*)?\d{3},\s*\"([a-z-]+)\"", path.read_text()
            )
        )
    assert {"invalid-rule", "unavailable", "too-many"} <= used
    used |= {reason.replace("_", "-") for reason in CouponView.TITLES}
    used |= {name for _status, name, _title in OrderView.REFUSALS.values()}
    assert used - {name for name, _ in kinds} == set()
