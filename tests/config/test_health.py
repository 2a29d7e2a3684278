"""The two health addresses and what pages say during an outage."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from config import health
from config.tasks import CANARY, show_life
from core.clock import now
from core.models import Heartbeat


def test_healthz_answers_without_the_database(client):
    # Without the django_db mark pytest-django forbids every query.
    answer = client.get("/healthz", headers={"host": "10.0.0.7"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_names_what_is_down_and_recovers(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert {name: part["status"] for name, part in answer.json()["checks"].items()} == {
        "database": "ok",
        "redis": "ok",
        "heartbeat": "down",
        "outbox": "ok",
    }
    show_life.apply()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.django_db
def test_a_heartbeat_of_a_minute_ago_is_still_good_and_an_older_one_is_not():
    at = now()
    Heartbeat.objects.create(name=CANARY, at=at - timedelta(seconds=60))
    assert health.readiness(at)["heartbeat"] == {"status": "ok", "age_seconds": 60.0}
    late = health.readiness(at + timedelta(seconds=1))["heartbeat"]
    assert late["status"] == "down"
    assert "61 s" in late["reason"]


def _fail(*args, **kwargs):
    raise OperationalError("server closed the connection; alice@example.com")


@pytest.mark.django_db
def test_a_page_answers_503_while_the_database_is_away(client, monkeypatch):
    monkeypatch.setattr("django.contrib.auth.views.LoginView.dispatch", _fail)
    answer = client.get("/admin/login/")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "away for a moment" in answer.content.decode()
    assert "alice" not in answer.content.decode()


@pytest.mark.django_db
def test_a_failing_session_store_is_an_outage_too(client, monkeypatch):
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", _fail)
    client.cookies["sessionid"] = "x" * 32
    client.raise_request_exception = False
    answer = client.get("/admin/", headers={"accept": "application/json"})
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 503
