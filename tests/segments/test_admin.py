"""The list of segments leads to their pages, and shows trend, state and reach."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from segments.models import Segment
from segments.refresh import refresh_segment
from segments.services import save_segment
from tests.segments.conftest import AS_OF

RULE = {"field": "profile.orders", "op": "gte", "value": 3}


@pytest.fixture
def alice(db):
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "", "x"))
    return client


@pytest.fixture
def often(shop):
    return save_segment(Segment(name="Often", rule=RULE), now=AS_OF)


def test_what_is_edited_is_edited_in_the_builder(alice, often):
    assert alice.get("/admin/segments/segment/add/").url == "/admin/segments/new/"
    assert alice.get(f"/admin/segments/segment/{often.pk}/change/").url == f"/admin/segments/{often.pk}/"
    posted = alice.post(f"/admin/segments/segment/{often.pk}/change/", {"name": "x", "rule": "{}"})
    assert posted.status_code == 302
    often.refresh_from_db()
    assert (often.name, often.rule) == ("Often", RULE)


def test_the_list_says_how_a_segment_is(alice, often):
    Segment.objects.exclude(pk=often.pk).delete()
    text = alice.get("/admin/segments/segment/").content.decode()
    assert "not counted yet" in text and "Waiting" in text.replace("waiting", "Waiting")
    for days in (2, 1, 0):
        moment = AS_OF - timedelta(days=days)
        refresh_segment(often, as_of=moment, now=moment)
    text = alice.get("/admin/segments/segment/").content.decode()
    assert "<polyline" in text and "live" in text
    Segment.objects.filter(pk=often.pk).update(rule={"segment": "gone"})
    often.refresh_from_db()
    assert refresh_segment(often, as_of=AS_OF, now=AS_OF + timedelta(hours=1)).error
    assert "refresh failed" in alice.get("/admin/segments/segment/").content.decode()


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000"])
def test_json_of_other_lists_is_shown_again(alice, text):
    attributes = f'{{"kind": "{text}"}}'
    answer = alice.post("/admin/catalog/product/add/", {"name": "x", "attributes": attributes})
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["attributes"]
    assert text in answer.content.decode()
