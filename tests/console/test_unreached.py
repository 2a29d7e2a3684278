"""The page on which a person decides about those who were not reached."""

import os
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group

from accounts.models import AuditEntry, User
from delivery import dispatch
from delivery.models import Message, Run
from tests.factories.shop import PASSWORD, open_shop
from tests.scenarios.browser import browsed, visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    settings.SHOP_AS_OF = "2026-03-01T12:00:00Z"
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"
    return open_shop()


@pytest.fixture
def page(pages):
    return pages["run unreached"]


@pytest.fixture
def woken(monkeypatch):
    found = []
    monkeypatch.setattr(dispatch, "wake", lambda run_id, **options: found.append(run_id))
    return found


@pytest.fixture
def marketer(client):
    bob = User.objects.create_user("bob", is_staff=True)
    bob.groups.add(Group.objects.get(name="marketer"))
    client.force_login(bob)
    return client


def test_one_is_sent_again_and_the_others_are_let_be(page, marketer, woken):
    run = Run.objects.get()
    first, second, third = run.messages.order_by("id")[:3]
    run.messages.filter(pk__in=[first.pk, second.pk, third.pk]).update(state="uncertain")
    answer = marketer.post(f"{page}send-again/", {"message": [second.pk]}, follow=True)
    assert "1 message goes out again." in answer.content.decode()
    assert Message.objects.get(pk=second.pk).state == "pending"
    assert Message.objects.get(pk=first.pk).state == "uncertain"
    answer = marketer.post(f"{page}let-be/", {"all": "1"}, follow=True)
    assert "2 messages are let be." in answer.content.decode()
    assert run.messages.filter(state="failed", skip_reason="let_be").count() == 2
    assert woken == [run.pk, run.pk]
    log = AuditEntry.objects.filter(object_id=str(run.pk)).order_by("id")
    assert list(log.values_list("action", "actor", "after__messages")) == [
        ("send_uncertain_again", "bob", 1),
        ("let_uncertain_be", "bob", 2),
    ]
    answer = marketer.post(f"{page}let-be/", {"message": ["x", "-1", "9" * 40, "²"]}, follow=True)
    assert "somebody else has decided" in answer.content.decode()


def test_those_refused_are_written_to_again_and_nobody_else(page, marketer, woken):
    run = Run.objects.get()
    refused = run.messages.get(state="failed", skip_reason="refused")
    answer = marketer.post(f"{page}retry/", {"reason": ["refused", "no_consent", "x"]}, follow=True)
    assert "1 person is written to again." in answer.content.decode()
    again = Run.objects.get(retry_of=run)
    assert list(again.messages.values_list("customer_id", "state")) == [(refused.customer_id, "pending")]
    assert woken == [again.pk, run.pk]
    answer = marketer.post(f"{page}retry/", {"reason": "refused"}, follow=True)
    assert "There is nobody to write to again" in answer.content.decode()
    assert Run.objects.count() == 2
    assert marketer.get(f"/admin/delivery/runs/{again.pk}/unreached/").status_code == 200


def test_nobody_is_offered_to_be_written_to_whom_that_cannot_reach(page, marketer):
    Message.objects.filter(run=Run.objects.get()).update(state="skipped", skip_reason="no_consent")
    answer = marketer.get(page).content.decode()
    assert "They did not agree" in answer
    assert "Write to these again" not in answer
    Message.objects.filter(pk=Message.objects.first().pk).update(skip_reason="no_coupon")
    assert "Write to these again" in marketer.get(page).content.decode()


def test_who_may_only_look_finds_no_buttons_and_cannot_post(page, client):
    carol = User.objects.create_user("carol", is_staff=True)
    carol.groups.add(Group.objects.get(name="viewer"))
    client.force_login(carol)
    text = client.get(page).content.decode()
    assert "1 message is uncertain" in text
    assert "formaction" not in text
    assert "checkbox" not in text
    for verb in ("send-again", "let-be", "retry"):
        assert client.post(f"{page}{verb}/", {"all": "1"}).status_code == 403
    assert Message.objects.filter(state="uncertain").count() == 1
    assert client.post(f"{page}send-again/").status_code == 403


def test_the_list_goes_on_on_further_pages(page, marketer):
    run = Run.objects.get()
    run.messages.update(state="uncertain")
    from_number = run.messages.order_by("id")[3].pk
    text = marketer.get(f"{page}?after={from_number}").content.decode()
    assert text.count("/send-again/") == run.messages.count() - 4 + 1
    assert marketer.get(f"{page}?after=x").status_code == 200
    assert marketer.post(f"{page}nonsense/").status_code == 404


def test_a_run_that_reached_everybody_says_so(page, marketer, django_assert_max_num_queries):
    run = Run.objects.get()
    run.messages.exclude(state="held_out").update(
        state="sent", skip_reason="", due_at=run.as_of + timedelta(1)
    )
    with django_assert_max_num_queries(25):
        text = marketer.get(page).content.decode()
    assert "Nobody was missed" in text
    assert '<form method="post" data-decide>' not in text


def test_a_report_keeps_the_messages_of_who_was_erased(pages, marketer):
    run = Run.objects.get()
    message = run.messages.exclude(state="held_out").latest("id")
    run.messages.filter(pk=message.pk).update(customer=10**9)
    log = marketer.get(f"{pages['campaign']}log/").context["rows"]
    assert log[0][:2] == (message, None)
    assert len(log) == run.messages.exclude(state="held_out").count()


@browsed
def test_a_person_decides_in_the_browser(live_server, page, woken):
    with visit(live_server.url, theme="dark", language="en") as window:
        window.sign_in("alice", PASSWORD)
        assert window.go(page) == 200
        assert window.faults() == []
        if folder := os.environ.get("RAPPORT_SHOTS"):
            window.page.screenshot(path=f"{folder}/unreached.png", full_page=True)
        window.page.get_by_role("button", name="Send all again").click()
        window.page.wait_for_load_state("networkidle")
        assert "1 message goes out again." in window.page.content()
        window.page.get_by_role("checkbox", name="Refused for good").check()
        window.page.get_by_role("button", name="Write to these again").click()
        window.page.wait_for_load_state("networkidle")
        assert "1 person is written to again." in window.page.content()
        assert window.faults() == []
        if folder := os.environ.get("RAPPORT_SHOTS"):
            window.page.screenshot(path=f"{folder}/unreached-after.png", full_page=True)
        assert window.complaints == []
