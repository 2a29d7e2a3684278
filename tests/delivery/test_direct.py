"""Direct messages: asked for once, sent once, told about truly; the inbox on site; devices."""

import json
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Scope
from campaigns.content.starters import ensure_starter_templates
from core import clock
from core.encryption import keyed_hash
from customers.consent import ConsentRow, record_consents
from customers.models import Customer, Suppression
from customers.services import upsert_customers
from delivery.direct.footer import with_way_out
from delivery.direct.services import Ask, ask, forget_before
from delivery.models import (
    DirectMessage,
    Message,
    OnsiteMessage,
    PushToken,
    ReceivedMail,
    ReceivedMessage,
    Run,
)
from delivery.outbox.send import deliver
from delivery.outbox.sweep import sweep
from delivery.selectors import breakdown
from delivery.services import RETRYABLE, cancel, retry
from delivery.sources import Rendered
from events.models import Event
from tests.delivery.compliance import assert_compliant
from tests.factories.accounts import make_key

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(now):
    row = {"external_id": "ada", "email": "ada@demo.invalid", "phone": "+4915112345678", "first_name": "Ada"}
    upsert_customers([row], now)
    return Customer.objects.get(external_id="ada")


@pytest.fixture
def call(db):
    secret = make_key(scopes=[Scope.MESSAGES_READ, Scope.MESSAGES_WRITE, Scope.CUSTOMERS_WRITE])
    client = Client()

    def call(method, path, body=None, **headers):
        return client.generic(
            method, f"/api/v1{path}", "" if body is None else json.dumps(body),
            content_type="application/json", headers={"Authorization": f"Api-Key {secret}", **headers},
        )  # fmt: skip

    return call


SMS = {"channel": "sms", "content": {"text": "Your code is 4711."}, "transactional": True}


def test_an_sms_is_asked_for_once_sent_once_and_told_about(call, ada):
    body = SMS | {"customer": {"phone": "+49 151 12345678"}}
    key = {"Idempotency-Key": str(uuid4())}
    answers = [call("POST", "/messages", body, **key) for _ in range(2)]
    assert [a.status_code for a in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    told = answers[0].json()
    assert (told["customer"], told["state"], told["topic"]) == ("ada", "pending", "transactional")
    run = Run.objects.get()
    # No consent was ever given, and none is needed for what answers the customer.
    assert deliver(run.pk, clock=clock.now) == 1
    assert ReceivedMessage.objects.get().text == "Your code is 4711."
    told = call("GET", f"/messages/{told['id']}").json()
    assert (told["state"], told["reason"], told["attempts"]) == ("sent", None, 1)
    assert told["sent_at"]
    stored = DirectMessage.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM delivery_directmessage")
        assert "4711" not in cursor.fetchone()[0]
    assert forget_before(stored.created_at + timedelta(seconds=1)) == 1
    assert DirectMessage.objects.get().content == ""


def test_marketing_needs_consent_and_nothing_beats_suppression(call, ada, now):
    marketing = call("POST", "/messages", SMS | {"customer": "ada", "transactional": False}).json()
    Suppression.objects.create(
        channel="sms", address_hash=keyed_hash("phone", ada.phone), reason="bounced", created_at=now
    )
    answer = call("POST", "/messages", SMS | {"customer": "ada"}).json()
    for run in Run.objects.all():
        deliver(run.pk, clock=clock.now)
    assert call("GET", f"/messages/{answer['id']}").json()["reason"] == "suppressed"
    Suppression.objects.all().delete()
    later = call("POST", "/messages", SMS | {"customer": "ada", "transactional": False}).json()
    deliver(Run.objects.get(transactional=False).pk, clock=clock.now)
    for asked, reason in ((marketing, "suppressed"), (later, "no_consent")):
        told = call("GET", f"/messages/{asked['id']}").json()
        assert (told["state"], told["reason"]) == ("skipped", reason)
    assert not ReceivedMessage.objects.exists()


def test_by_mail_who_unsubscribed_still_gets_what_was_ordered(call, ada, sink, now):
    mail = {
        "customer": "ada", "channel": "email", "transactional": True,
        "content": {"subject": "Order 7", "text": "Thank you.", "html": "<p>Thank you.</p>"},
    }  # fmt: skip
    banned = Suppression.objects.create(
        channel="email", address_hash=keyed_hash("email", ada.email), reason="unsubscribed", created_at=now
    )
    assert call("POST", "/messages", mail).status_code == 202
    run = Run.objects.get()
    assert deliver(run.pk, clock=clock.now) == 1
    from delivery.selectors.mailbox import parse

    headers = dict(parse(ReceivedMail.objects.get()).headers)
    assert "List-Unsubscribe" not in headers
    for reason in ("bounced", "complained", "erased", "manual"):
        Suppression.objects.filter(pk=banned.pk).update(reason=reason)
        call("POST", "/messages", mail)
        assert deliver(run.pk, clock=clock.now) == 0, reason
    assert breakdown([run.pk])[run.pk].skipped == 4


def test_a_template_takes_the_calls_context(call, ada, sink, now, settings):
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"
    name = ensure_starter_templates(now)["coupon"].template.name
    body = {
        "customer": "ada", "channel": "email", "transactional": True, "template": name,
        "context": {
            "coupon": {"code": "THANKS-7", "expires": "2030-01-31T18:00:00+00:00", "offer": "10% off"}
        },
    }  # fmt: skip
    assert call("POST", "/messages", body).status_code == 202
    assert deliver(Run.objects.get().pk, clock=clock.now) == 1
    assert b"THANKS-7" in bytes(ReceivedMail.objects.get().raw)


def test_marketing_mail_that_a_partner_wrote_shows_the_way_out(call, ada, sink, now, settings):
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"
    settings.SHOP_NAME = "Corner Shop"
    proof = {"double_opt_in": True}  # the market is DE
    record_consents([ConsentRow(ada.pk, "email", True, "form", now, proof=proof)], now)
    ways = (
        ("en", {"html": "<html><body><p>Sale</p></body></html>", "text": "Sale"}),
        ("zh-hans", {"html": "<p>Sale</p>", "text": "Sale\n"}),
    )
    for language, content in ways:
        Customer.objects.filter(pk=ada.pk).update(locale=language.replace("hans", "CN"))
        ReceivedMail.objects.all().delete()
        mail = {"customer": "ada", "channel": "email", "content": {"subject": "Hi"} | content}
        assert call("POST", "/messages", mail).status_code == 202
        assert deliver(Run.objects.get().pk, clock=clock.now) == 1
        assert_compliant(ReceivedMail.objects.get(), customer_id=ada.pk, language=language)
        later = clock.now()
        record_consents([ConsentRow(ada.pk, "email", True, "form", later, proof=proof)], later)


def test_a_partner_may_place_the_links_and_gets_no_second_footer():
    content = Rendered(
        html='<a href="{{ unsubscribe_url }}">Leave</a> <a href="{{preferences_url}}">Choose</a></body>',
        text="Leave: {{ unsubscribe_url }}",
    )
    done = with_way_out(content, unsubscribe_url="https://s.example/u/t.m?a&b", language="en")
    assert done.html == (
        '<a href="https://s.example/u/t.m?a&amp;b">Leave</a>'
        ' <a href="https://s.example/u/t.m?a&amp;b/preferences">Choose</a></body>'
    )
    assert done.text == "Leave: https://s.example/u/t.m?a&b"
    only_text = with_way_out(Rendered(text="Hi"), unsubscribe_url="https://s.example/u/t", language="en")
    assert only_text.html == ""
    assert only_text.text.startswith("Hi\n\n-- \nYou get this mail because")
    hidden = with_way_out(
        Rendered(html="<!-- https://s.example/u/t -->"),
        unsubscribe_url="https://s.example/u/t",
        language="en",
    )
    assert 'href="https://s.example/u/t"' in hidden.html


def test_a_repeat_is_what_is_told_about(call, ada, now):
    told = call("POST", "/messages", SMS | {"customer": "ada"}).json()
    first = Run.objects.get()
    Message.objects.update(state="failed", skip_reason="gave_up", attempts=3)
    assert call("GET", f"/messages/{told['id']}").json()["reason"] == "gave_up"
    again = retry(first, reasons=RETRYABLE, now=clock.now())
    assert again.audience == 1
    assert call("GET", f"/messages/{told['id']}").json()["state"] == "pending"
    other = call("POST", "/messages", SMS | {"customer": "ada"}).json()
    assert deliver(again.pk, clock=clock.now) == 1
    last = call("GET", f"/messages/{told['id']}").json()
    assert (last["state"], last["reason"], last["id"]) == ("sent", None, told["id"])
    assert call("GET", f"/messages/{other['id']}").json()["state"] == "pending"
    assert call("DELETE", f"/messages/{told['id']}").status_code == 409


def test_a_later_message_waits_and_can_be_taken_back_once(call, ada, now):
    body = SMS | {"customer": "ada", "send_at": (now + timedelta(days=2)).isoformat()}
    told = call("POST", "/messages", body).json()
    run = Run.objects.get()
    assert deliver(run.pk, clock=clock.now) == 0
    assert call("DELETE", f"/messages/{told['id']}").json()["reason"] == "cancelled"
    assert call("DELETE", f"/messages/{told['id']}").status_code == 409
    assert deliver(run.pk, clock=lambda: now + timedelta(days=3)) == 0
    assert not ReceivedMessage.objects.exists()


@pytest.mark.parametrize(
    ("change", "status", "where"),
    [
        ({"customer": "bob"}, 404, None),
        ({"customer": {"email": "x"}}, 400, "customer"),
        ({"customer": {"shoe": "42"}}, 400, "customer"),
        ({"customer": 7}, 400, "customer"),
        ({"customer": {"email": "a\0@b.c"}}, 400, "customer"),
        ({"channel": "fax"}, 400, "channel"),
        ({"content": {}}, 400, "content"),
        ({"content": None}, 400, "content"),
        ({"template": "none"}, 400, "content"),
        ({"channel": "email", "content": {"subject": "a\r\nBcc: b", "text": "x"}}, 400, "content"),
        ({"channel": "email", "content": {"text": "x"}}, 400, "content"),
        ({"channel": "push", "content": {"text": "x", "url": "javascript:alert(1)"}}, 400, "content"),
        ({"send_at": "2999-01-01T00:00:00Z"}, 400, "send_at"),
        ({"topic": "a b"}, 400, "topic"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_what_cannot_be_sent_is_said_at_once(call, ada, change, status, where):
    answer = call("POST", "/messages", SMS | {"customer": "ada"} | change)
    assert answer.status_code == status, answer.content
    if where:
        assert where in answer.json()["errors"]
    assert not Message.objects.exists()


def test_unknown_ids_and_missing_scopes(call, ada):
    assert call("GET", f"/messages/{uuid4()}").status_code == 404
    secret = make_key(scopes=[Scope.CUSTOMERS_READ])
    answer = Client().post("/api/v1/messages", headers={"Authorization": f"Api-Key {secret}"})
    assert answer.status_code == 403


def test_the_days_run_stays_open_counts_exactly_and_closes(ada, now, settings):
    def wish():
        ask(Ask(ada.pk, "sms", "codes", True, {"text": "Hi"}, now), now=now)
        connection.close()

    threads = [threading.Thread(target=wish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run = Run.objects.get()
    assert (run.audience, Message.objects.count()) == (8, 8)
    assert sorted(Message.objects.values_list("occurrence", flat=True)) == list(range(8))
    assert deliver(run.pk, clock=lambda: now) == 8
    run.refresh_from_db()
    assert run.state == "running"
    sweep(now=run.open_until + timedelta(minutes=4))
    run.refresh_from_db()
    assert run.state == "running"  # whoever added a message in the last moment may not have committed yet
    sweep(now=run.open_until + timedelta(minutes=6))
    run.refresh_from_db()
    assert run.state == "finished"


def test_after_a_cancelled_run_the_next_message_begins_another(ada, now):
    for _ in range(2):
        ask(Ask(ada.pk, "sms", "codes", True, {"text": "Hi"}, now), now=now)
        cancel(Run.objects.filter(state="running").get(), now=now)
    third = ask(Ask(ada.pk, "sms", "codes", True, {"text": "Hi"}, now), now=now)
    assert Run.objects.count() == 3
    assert deliver(third.run_id, clock=clock.now) == 1


def test_the_inbox_shows_what_waits_and_notes_what_was_done(call, ada):
    body = {"channel": "onsite", "transactional": True, "customer": "ada"}
    for n in (1, 2):
        call("POST", "/messages", body | {"content": {"subject": f"Hello {n}", "data": {"slot": "top"}}})
    deliver(Run.objects.get().pk, clock=clock.now)
    found = call("GET", "/customers/ada/messages").json()["messages"]
    assert sorted(m["title"] for m in found) == ["Hello 1", "Hello 2"]
    path = f"/customers/ada/messages/{found[0]['id']}"
    for _ in range(2):
        assert call("POST", path, {"act": "clicked"}).status_code == 204
    assert call("POST", path, {"act": "shown"}).status_code == 204
    acts = Event.objects.filter(type__in=["message_opened", "message_clicked"])
    assert sorted(acts.values_list("type", flat=True)) == ["message_clicked", "message_opened"]
    assert call("POST", path, {"act": "dismissed"}).status_code == 204
    assert len(call("GET", "/customers/ada/messages").json()["messages"]) == 1
    assert call("POST", path, {"act": "eaten"}).status_code == 400
    upsert_customers([{"external_id": "bob"}], clock.now())
    assert call("POST", path.replace("ada", "bob"), {"act": "shown"}).status_code == 404
    assert call("GET", "/customers/bob/messages").json()["messages"] == []
    OnsiteMessage.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert call("GET", "/customers/ada/messages").json()["messages"] == []
    assert call("GET", "/customers/ada/messages?limit=x").status_code == 400


def test_a_device_belongs_to_who_signed_in_last(call, ada, now):
    upsert_customers([{"external_id": "bob"}], now)
    device = {"token": "abc:def", "platform": "ios"}
    assert call("PUT", "/customers/ada/devices", device).status_code == 204
    assert call("PUT", "/customers/bob/devices", device).status_code == 204
    assert PushToken.objects.get().customer.external_id == "bob"
    assert call("DELETE", "/customers/ada/devices", {"token": "abc:def"}).status_code == 204
    assert PushToken.objects.count() == 1
    assert call("DELETE", "/customers/bob/devices", {"token": "abc:def"}).status_code == 204
    assert not PushToken.objects.exists()
    assert call("PUT", "/customers/ada/devices", {"token": "a b", "platform": "ios"}).status_code == 400
