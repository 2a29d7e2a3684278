"""The secret link at which other calendars read: whose it is, when it is void, and how often it is read."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.calendar_links import link_by, make_link, token_of
from accounts.models import AuditEntry, CalendarLink, User
from campaigns.promotions.models import Promotion
from config.logs import without_personal_data
from console.engage.calendar import feed
from core import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    user = User.objects.create_user("alice", email="alice@demo.invalid", is_staff=True)
    user.groups.add(Group.objects.get(name="marketer"))
    return user


@pytest.fixture
def sale():
    now = clock.now()
    return Promotion.objects.create(
        slug="sale", name="Spring sale", benefit={"kind": "percent", "percent": "10"}, currency="USD",
        starts_at=now, ends_at=now + timedelta(days=2), created_at=now, active=True,
    )  # fmt: skip


def address(user) -> str:
    return reverse("calendar_feed", args=[token_of(user.calendar_link)])


def test_a_calendar_reads_without_a_sign_in_what_its_owner_may_see(alice, sale):
    client = Client()
    client.force_login(alice)
    assert "Make my link" in client.get("/admin/calendar/").content.decode()
    assert client.post("/admin/calendar/link/make/").headers["Location"] == "/admin/calendar/?share=1"
    page = client.get("/admin/calendar/?share=1").content.decode()
    path = address(alice)
    assert f"http://testserver{path}" in page and f"webcal://testserver{path}" in page

    answer = Client().get(path)
    text = answer.content.decode()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert text.startswith("BEGIN:VCALENDAR\r\n") and "SUMMARY:Spring sale" in text
    assert "alice" not in text and "Set-Cookie" not in answer.headers
    link = CalendarLink.objects.get()
    assert link.read_at is not None
    # The secret stands neither in the database nor in the log.
    line = without_personal_data(None, "info", {"request": f"GET {path}", "event": "request_started"})
    assert line["request"] == "GET /calendar/…"
    secret = urlsplit(path).path.rpartition("/")[2].removesuffix(".ics")[32:]
    assert not any(
        secret in str(row) for row in (*AuditEntry.objects.values(), *CalendarLink.objects.values())
    )
    alice.groups.clear()
    assert "Spring sale" not in Client().get(path).content.decode()
    alice.language = "zh-hans"
    alice.save()
    assert Client().get(path).status_code == 200


def test_a_new_link_a_void_one_and_one_who_left(alice):
    client = Client()
    client.force_login(alice)
    old = address_of_new(client, alice)
    new = address_of_new(client, alice)
    assert [Client().get(path).status_code for path in (old, new)] == [404, 200]
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert Client().get(new).status_code == 404
    User.objects.filter(pk=alice.pk).update(is_active=True)
    client.force_login(alice)
    client.post("/admin/calendar/link/void/")
    assert Client().get(new).status_code == 404 and not CalendarLink.objects.exists()
    said = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(said) == ["make_calendar_link", "make_calendar_link", "void_calendar_link"]
    assert client.post("/admin/calendar/link/other/").status_code == 404
    nobody = User.objects.create_user("bob", is_staff=True)
    client.force_login(nobody)
    assert client.post("/admin/calendar/link/make/").status_code == 403


def address_of_new(client, user) -> str:
    client.post("/admin/calendar/link/make/")
    user.refresh_from_db()
    return address(User.objects.get(pk=user.pk))


def test_a_guessed_link_is_none(alice, django_assert_num_queries):
    link = make_link(alice, now=clock.now())
    good = token_of(link)
    wrong = ["", "x", good[:-1], good[:32] + "0" * 32, good + "0", "é" * 64, "g" * 64, good[32:] + good[:32]]
    with django_assert_num_queries(0):
        assert [link_by(token) for token in wrong] == [None] * len(wrong)
    assert link_by(good) == link


def test_who_reads_too_often_waits(alice, monkeypatch):
    cache.clear()
    monkeypatch.setattr(feed, "READS_PER_MINUTE", 2)
    monkeypatch.setattr(feed, "WRONG_PER_MINUTE", 1)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)  # one minute, whatever the machine does
    make_link(alice, now=clock.now())
    path = address(alice)
    answers = [Client().get(path) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "60"
    assert [Client().get(f"/calendar/{'0' * 64}.ics").status_code for _ in range(2)] == [404, 429]
