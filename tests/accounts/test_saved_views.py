"""Saved views: one's own and the team's, opened by default, renamed, deleted and brought back."""

import re

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.test import Client

from accounts import saved_views
from accounts.models import AuditEntry, SavedView, User
from tests.factories.accounts import NOW

LIST = "customers_customer_changelist"
PATH = "/admin/customers/customer/"


def member(name: str, role: str = "marketer") -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def alice(db):
    return member("alice")


@pytest.fixture
def browser(alice):
    client = Client()
    client.force_login(alice)
    return client


def keep(user, name="Germans", query="country__exact=DE", shared=False, page=LIST):
    return saved_views.save(user, page=page, name=name, query=query, shared=shared, now=NOW)


def test_a_place_in_the_list_is_no_filter():
    assert saved_views.canonical("q=b&p=3&o=2&page=4&after=x&e=1&empty=") == "o=2&q=b"
    assert saved_views.canonical("o=2&q=b") == saved_views.canonical("q=b&o=2")


def test_it_is_saved_from_the_list_and_stands_over_it(browser):
    assert "Save this view" not in browser.get(PATH).content.decode()
    assert "Save this view" in browser.get(f"{PATH}?country__exact=DE").content.decode()
    answer = browser.post(
        "/admin/saved-views/", {"page": LIST, "query": "country__exact=DE&p=2", "name": " Our  Germans "}
    )
    assert answer.headers["Location"] == f"{PATH}?country__exact=DE"
    page = browser.get(answer.headers["Location"]).content.decode()
    tab = re.search(r'<a href="\?country__exact=DE" aria-current="page">Our Germans', page)
    assert tab
    assert "Save this view" not in page


def test_nobody_sees_anothers_but_everybody_the_teams(alice):
    bob = member("bob")
    keep(alice)
    keep(alice, name="Team", query="o=1", shared=True)
    assert [v.name for v in saved_views.visible(bob, LIST)] == ["Team"]
    assert [v.name for v in saved_views.visible(alice, LIST)] == ["Team", "Germans"]
    assert saved_views.visible(bob, "segments_segment_changelist") == []


def test_only_who_may_share_shares_and_it_is_in_the_audit_log_without_filters(alice):
    viewer = member("carol", "viewer")
    assert not keep(viewer, query="q=secret@mail", shared=True).shared
    assert not AuditEntry.objects.exists()
    view = keep(alice, query="q=secret@mail", shared=True)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after) == ("share_view", {"name": "Germans", "list": LIST, "shared": True})
    saved_views.rename(view, "Others", user=alice, now=NOW)
    saved_views.share(view, False, user=alice, now=NOW)
    saved_views.share(view, False, user=alice, now=NOW)
    saved_views.share(view, True, user=alice, now=NOW)
    saved_views.delete(view, user=alice, now=NOW)
    assert [e.action for e in AuditEntry.objects.order_by("pk")] == [
        "share_view", "rename_view", "unshare_view", "share_view", "delete_view",
    ]  # fmt: skip
    assert "secret" not in str(list(AuditEntry.objects.values()))


def test_a_list_opens_in_the_view_that_one_chose(browser, alice):
    view = keep(alice)
    assert browser.get(PATH).status_code == 200
    browser.post(f"/admin/saved-views/{view.pk}/default/")
    assert browser.get(PATH).headers["Location"] == f"{PATH}?country__exact=DE"
    assert browser.get(f"{PATH}?p=1").status_code == 200  # the whole list stays within reach
    assert browser.get(f"{PATH}?_popup=1").status_code == 200
    bob = Client()
    bob.force_login(member("bob"))
    assert bob.get(PATH).status_code == 200
    browser.post(f"/admin/saved-views/{view.pk}/not-default/")
    assert browser.get(PATH).status_code == 200


def test_a_default_goes_with_its_view_and_with_the_sharing(browser, alice):
    bob = member("bob")
    view = keep(bob, shared=True)
    saved_views.make_default(view, True, user=alice)
    assert saved_views.default_query(alice, LIST) == "country__exact=DE"
    saved_views.share(view, False, user=bob, now=NOW)
    assert saved_views.default_query(alice, LIST) == ""
    saved_views.share(view, True, user=bob, now=NOW)
    saved_views.delete(view, user=bob, now=NOW)
    assert browser.get(PATH).status_code == 200


def test_a_deleted_view_comes_back_by_undo(browser, alice):
    view = keep(alice, name='<b>"G"</b>', shared=True)
    answer = browser.post(f"/admin/saved-views/{view.pk}/delete/", follow=True)
    assert not SavedView.objects.exists()
    page = answer.content.decode()
    assert "&lt;b&gt;" in page
    assert '<b>"G"' not in page
    form = re.search(r'<form class="st-undo".*?</form>', page, re.S)[0]
    assert 'action="/admin/saved-views/"' in form
    assert 'name="csrfmiddlewaretoken"' in form
    browser.post(
        "/admin/saved-views/", {"page": LIST, "query": "country__exact=DE", "name": view.name, "shared": "on"}
    )
    back = SavedView.objects.get()
    assert (back.name, back.query, back.shared) == (view.name, view.query, True)


@pytest.mark.parametrize("verb", ["rename", "share", "unshare", "delete"])
def test_nobody_changes_anothers(alice, verb):
    bob, chief = Client(), Client()
    bob.force_login(member("bob"))
    chief.force_login(member("chief", "admin"))
    mine, ours = keep(alice), keep(alice, name="Team", query="o=1", shared=True)
    assert bob.post(f"/admin/saved-views/{mine.pk}/{verb}/").status_code == 404
    assert bob.post(f"/admin/saved-views/{ours.pk}/{verb}/").status_code == 403
    assert chief.post(f"/admin/saved-views/{mine.pk}/{verb}/").status_code == 404
    assert SavedView.objects.filter(shared=True).count() == 1
    assert chief.post(f"/admin/saved-views/{ours.pk}/{verb}/", {"name": "New"}).status_code == 302


def test_views_of_lists_that_one_may_not_see_are_refused(browser):
    for page, status in (
        ("accounts_user_changelist", 403),
        ("index", 404),
        ("no_changelist", 403),
        ("", 404),
    ):
        sent = {"page": page, "query": "q=x", "name": "X"}
        assert browser.post("/admin/saved-views/", sent).status_code == status, page
    assert browser.get("/admin/saved-views/").status_code == 405
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [("", "q=x", "Give the view a name"), ("\0 ", "q=x", "Give the view a name"), ("A", "", "Filter, search"),
     ("A", "p=3", "Filter, search"), ("A", "q=" + "x" * 1200, "too long")],
)  # fmt: skip
def test_what_cannot_be_saved_is_said(alice, name, query, said):
    with pytest.raises(ValidationError, match=said):
        keep(alice, name=name, query=query)


def test_the_same_name_replaces_and_there_is_an_end(alice):
    for n in range(saved_views.MOST):
        keep(alice, name=f"v{n}", query=f"q={n}")
    assert keep(alice, name="v3", query="q=new").query == "q=new"
    assert SavedView.objects.count() == saved_views.MOST
    with pytest.raises(ValidationError, match="delete one first"):
        keep(alice, name="one more")


def test_a_name_that_is_taken_is_refused(browser, alice):
    keep(alice, name="A", query="q=a")
    view = keep(alice, name="B", query="q=b")
    page = browser.post(f"/admin/saved-views/{view.pk}/rename/", {"name": "A"}, follow=True)
    assert "There is a view of this name." in page.content.decode()
    assert sorted(SavedView.objects.values_list("name", flat=True)) == ["A", "B"]
