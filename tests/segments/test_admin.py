"""Segments made in the admin go the way of all others: checked, versioned and in the audit log."""

import json

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from segments.models import Segment

RULE = {"field": "profile.orders", "op": "gte", "value": 3}


@pytest.fixture
def alice(db):
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "", "x"))
    return client


def save(client, rule, pk=None, slug="often"):
    path = f"/admin/segments/segment/{pk}/change/" if pk else "/admin/segments/segment/add/"
    return client.post(
        path, {"name": "Often", "slug": slug, "description": "", "kind": "dynamic", "rule": json.dumps(rule)}
    )


def test_each_change_is_a_version_in_the_audit_log(alice):
    assert save(alice, RULE).status_code == 302
    segment = Segment.objects.get(slug="often")
    assert segment.version == 1
    assert save(alice, RULE | {"value": 4}, segment.pk).status_code == 302
    segment.refresh_from_db()
    assert (segment.version, segment.rule["value"]) == (2, 4)
    entries = AuditEntry.objects.filter(object_id=str(segment.pk)).order_by("id")
    assert [(e.action, e.user.username) for e in entries] == [
        ("segment.created", "alice"),
        ("segment.changed", "alice"),
    ]


@pytest.mark.parametrize("rule", [{"segment": "often"}, {"not": {"segment": "often"}}, {"field": "\ud800"}])
def test_a_rule_that_cannot_be_used_is_shown_again(alice, rule):
    save(alice, RULE)
    segment = Segment.objects.get(slug="often")
    answer = save(alice, rule, segment.pk)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["rule"]
    segment.refresh_from_db()
    assert segment.rule == RULE


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000"])
def test_json_of_other_lists_is_shown_again_too(alice, text):
    benefit = f'{{"kind": "{text}"}}'
    answer = alice.post("/admin/promotions/promotion/add/", {"name": "x", "benefit": benefit})
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["benefit"]
    assert text in answer.content.decode()
