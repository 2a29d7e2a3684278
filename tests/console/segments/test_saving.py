"""Saving a segment: versions, stale pages, names, and segments that were removed."""

from accounts.models import AuditEntry
from segments.models import Segment
from tests.console.segments.asking import RULE, as_read, ask, sign_in


def test_saving_is_a_version_with_an_entry_and_a_stale_page_is_refused(segment):
    client = sign_in("alice")
    other = {"all": [{"field": "customer.country", "op": "eq", "value": "FR"}]}
    body = as_read(segment) | {"rule": other, "name": "French"}
    assert ask(client, f"{segment.pk}/save", body).json()["url"] == f"/admin/segments/{segment.pk}/"
    segment.refresh_from_db()
    assert (segment.name, segment.version, segment.rule) == ("French", 2, other)
    assert AuditEntry.objects.filter(action="segment.changed", user__username="alice").count() == 1
    stale = ask(client, f"{segment.pk}/save", body | {"name": "Later"})
    assert (stale.status_code, stale.json()["conflict"]) == (409, "changed")
    body |= {"version": 2, "read": {"name": "French", "description": ""}}
    circle = ask(client, f"{segment.pk}/save", body | {"rule": {"all": [{"segment": segment.slug}]}})
    assert circle.status_code == 422 and "circle" in circle.json()["message"]
    nameless = ask(client, f"{segment.pk}/save", body | {"name": " "})
    assert (nameless.status_code, nameless.json()["field"]) == (422, "name")
    segment.refresh_from_db()
    assert (segment.name, segment.version) == ("French", 2)


def test_a_copy_of_a_broken_rule_is_refused_in_a_sentence(segment):
    Segment.objects.filter(pk=segment.pk).update(rule={"segment": "gone"})
    client = sign_in("marketer")
    answer = client.post(f"/admin/segments/{segment.pk}/copy/", follow=True)
    assert "There is no segment “gone”." in answer.content.decode()
    assert not Segment.objects.filter(name="Germans (copy)").exists()


def test_a_name_with_a_blank_of_no_use_is_cleaned(people):
    answer = ask(sign_in("alice"), "once", {"rule": RULE, "name": "To\0day"})
    assert answer.status_code == 200
    assert Segment.objects.get(kind="static").name.startswith("Today, on ")


def test_a_name_given_meanwhile_is_not_overwritten(segment):
    client, stale = sign_in("alice"), as_read(segment)
    mine = as_read(segment) | {"rule": RULE, "name": "Mine"}
    assert ask(client, f"{segment.pk}/save", mine).status_code == 200
    answer = ask(client, f"{segment.pk}/save", stale | {"rule": RULE, "name": "Yours"})
    assert (answer.status_code, answer.json()["conflict"]) == (409, "changed")
    segment.refresh_from_db()
    assert segment.name == "Mine"


def test_a_segment_removed_underneath_is_said_and_can_be_saved_anew(segment):
    client, page = sign_in("alice"), as_read(segment) | {"rule": RULE}
    client.post(f"/admin/segments/{segment.pk}/delete/")
    answer = ask(client, f"{segment.pk}/save", page)
    assert (answer.status_code, answer.json()["conflict"]) == (409, "removed")
    assert ask(client, "create", page).status_code == 200
    assert Segment.objects.filter(name="Germans", ready_made=False).count() == 1
