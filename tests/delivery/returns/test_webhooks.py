"""Providers' webhooks over HTTP, through django-anymail: signed by our secret, counted once."""

import hmac
import json
from base64 import b64encode
from importlib import reload

import pytest
from django.urls import clear_url_caches, include, path
from django.utils import timezone

import config.urls
from core.encryption import keyed_hash
from customers.models import Consent, Suppression
from delivery.identity import unsubscribe_token
from delivery.models import Message, Return
from delivery.returns import verp
from events.models import Event
from tests.factories.customers import make_customer
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db

urlpatterns = [path("anymail/", include("anymail.urls"))]
SECRET = "rapport:secret"
SIGNED = {"HTTP_AUTHORIZATION": "Basic " + b64encode(SECRET.encode()).decode()}


@pytest.fixture(autouse=True)
def mounted(settings):
    settings.ROOT_URLCONF = __name__
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    settings.BOUNCE_ADDRESS = "bounce@mail.shop.example"
    clear_url_caches()
    yield
    settings.ANYMAIL = {}
    reload(config.urls)
    clear_url_caches()


@pytest.fixture
def message(source, now):
    make_customers(2, now=now)
    run = make_run(now=now)
    Message.objects.filter(run=run).update(state="sent", sent_at=now)
    return Message.objects.filter(run=run).select_related("run").earliest("customer_id")


def post(client, *events, **headers):
    """Post as SendGrid does."""
    body = [
        {"timestamp": int(timezone.now().timestamp()), "email": "c0@demo.invalid", **event}
        for event in events
    ]
    return client.post(
        "/anymail/sendgrid/tracking/",
        json.dumps(body),
        content_type="application/json",
        **(headers or SIGNED),
    )


def bounce(event_id="e1", **fields):
    return {
        "event": "bounce", "type": "bounce", "sg_event_id": event_id, "smtp-id": "<x@y>", "status": "5.1.1",
        "reason": "550 5.1.1 <c0@demo.invalid>: no such user",
    } | fields  # fmt: skip


def test_a_bounce_is_taken_once_however_often_it_is_told(client, message):
    told = bounce(ref=verp.return_path(message, keyed_hash("email", "c0@demo.invalid")))
    for _ in range(2):
        assert post(client, told, told).status_code == 200
    assert post(client, bounce("e2", ref=told["ref"])).status_code == 200
    back = Return.objects.get()
    assert (back.run_id, back.message, back.bounce_class, back.source) == (
        message.run_id,
        message.pk,
        "hard",
        "sendgrid",
    )
    assert back.diagnostic == "550 5.1.1 <…>: no such user"
    assert Suppression.objects.get().address_hash == keyed_hash("email", "c0@demo.invalid")
    assert Event.objects.get().type == "message_bounced"


def test_without_the_secret_nothing_is_believed(client, message):
    assert post(client, bounce(), HTTP_AUTHORIZATION="").status_code == 400
    wrong = {"HTTP_AUTHORIZATION": "Basic " + b64encode(b"rapport:guess").decode()}
    assert post(client, bounce(), **wrong).status_code == 400
    assert not Return.objects.exists()
    assert not Suppression.objects.exists()


def test_what_is_not_final_does_not_end_an_address(client, message):
    token = unsubscribe_token(message)
    post(
        client,
        bounce("1", ref=token, status="5.2.2", reason="552 5.2.2 mailbox full"),
        {"event": "deferred", "sg_event_id": "2", "response": "421 try later", "ref": token},
        bounce("3", ref=token, type="blocked", reason="550 5.7.1 spam"),
        {"event": "open", "sg_event_id": "4", "ref": token},
        {"event": "delivered", "sg_event_id": "5", "ref": token},
    )
    assert sorted(Return.objects.values_list("bounce_class", flat=True)) == ["block", "delayed", "soft"]
    assert not Suppression.objects.exists()


def test_complaints_and_withdrawals(client, message, now):
    post(client, {"event": "spamreport", "sg_event_id": "1", "ref": unsubscribe_token(message)})
    assert Suppression.objects.get().reason == "complained"
    other = Message.objects.select_related("run").latest("customer_id")
    left = {"event": "unsubscribe", "sg_event_id": "2", "ref": unsubscribe_token(other)}
    post(client, left, left)
    assert not Consent.objects.filter(granted=True).exists()
    assert sorted(Event.objects.values_list("type", flat=True)) == ["message_complained", "unsubscribe"]


def test_a_forged_reference_names_nobody_and_an_address_without_one_is_found(client, message, now):
    token = unsubscribe_token(message)
    post(client, bounce("1", ref=token[:-2] + "xx"))
    back = Return.objects.get()
    assert (back.run_id, back.customer_id) == (None, None)
    dora = make_customer("dora", email="dora@demo.invalid")
    told = bounce("2", email="dora@demo.invalid")
    post(client, told)
    post(client, told)
    assert Return.objects.filter(customer_id=dora.pk).count() == 1
    assert Event.objects.get().customer_id == dora.pk


def test_without_a_secret_there_is_no_such_address(client, settings):
    settings.ROOT_URLCONF = "config.urls"
    for secret, status in ((None, 404), (SECRET, 200)):
        settings.ANYMAIL = {"WEBHOOK_SECRET": secret}
        reload(config.urls)
        clear_url_caches()
        assert post(client, bounce()).status_code == status


def postmark(client, ref, kind, **fields):
    """Post as Postmark does."""
    body = {
        "RecordType": "Bounce", "ID": 4323372036854775807, "Type": kind, "Email": "c0@demo.invalid",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "BouncedAt": timezone.now().isoformat(),
        "Metadata": {"ref": ref}, "Description": "The server was unable to deliver your message.",
        "Details": "smtp;554 delivery error",
    } | fields  # fmt: skip
    body = {name: value for name, value in body.items() if value is not None}
    return client.post(
        "/anymail/postmark/tracking/", json.dumps(body), content_type="application/json", **SIGNED
    )


def mailgun(client, ref, event, *, key="mailgun-key", **fields):
    """Post as Mailgun does, signed by its key."""
    token, stamp = f"{len(str(fields)):050d}", str(int(timezone.now().timestamp()))
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), "sha256").hexdigest()
    body = {
        "signature": {"token": token, "timestamp": stamp, "signature": signature},
        "event-data": {
            "event": event, "timestamp": float(stamp), "recipient": "c0@demo.invalid",
            "user-variables": {"ref": ref}, "message": {"headers": {"message-id": "x@y"}}, **fields,
        },
    }  # fmt: skip
    return client.post(
        "/anymail/mailgun/tracking/", json.dumps(body), content_type="application/json", **SIGNED
    )


@pytest.mark.parametrize(
    ("kind", "details", "expected"),
    [
        ("HardBounce", "smtp;550 5.1.1 user unknown", ("bounce", "hard")),
        ("SoftBounce", "smtp;452 4.2.2 mailbox full", ("bounce", "soft")),
        ("SoftBounce", "", ("bounce", "soft")),
        ("Transient", "smtp;421 try later", ("bounce", "delayed")),
        ("Blocked", "smtp;550 5.7.1 listed", ("bounce", "block")),
        ("AutoResponder", "", ("bounce", "auto_reply")),
        ("SpamComplaint", "", ("complaint", "")),
    ],
)
def test_postmark(client, message, kind, details, expected):
    ref = verp.return_path(message, keyed_hash("email", "c0@demo.invalid"))
    record = "SpamComplaint" if kind == "SpamComplaint" else "Bounce"
    for _ in range(2):
        assert postmark(client, ref, kind, Details=details, RecordType=record).status_code == 200
    back = Return.objects.get()
    assert (back.kind, back.bounce_class, back.source) == (*expected, "postmark")
    assert (back.run_id, back.message) == (message.run_id, message.pk)
    assert Suppression.objects.exists() == (expected in (("bounce", "hard"), ("complaint", "")))


def test_postmark_tells_of_a_withdrawal_and_of_its_own_list(client, message):
    change = {"RecordType": "SubscriptionChange", "ID": None, "SuppressSending": True, "Type": None,
              "BouncedAt": None, "ChangedAt": timezone.now().isoformat(), "Recipient": "c0@demo.invalid",
              "Email": None}  # fmt: skip
    token = unsubscribe_token(message)
    for _ in range(2):
        postmark(client, token, None, SuppressionReason="ManualSuppression", **change)
    assert Event.objects.get().type == "unsubscribe"
    assert not Consent.objects.get(customer=message.customer_id).granted
    assert not Return.objects.exists()
    # A hard bounce comes twice: as itself, and as the address put on the provider's list.
    postmark(client, token, "HardBounce")
    postmark(client, token, None, SuppressionReason="HardBounce", **change)
    assert Return.objects.get().bounce_class == "hard"


@pytest.mark.parametrize(
    ("event", "fields", "expected"),
    [
        (
            "failed",
            {
                "severity": "permanent",
                "reason": "bounce",
                "delivery-status": {"message": "5.1.1 no such user"},
            },
            ("bounce", "hard"),
        ),
        (
            "failed",
            {"severity": "permanent", "reason": "generic", "delivery-status": {"message": "5.7.1 spam"}},
            ("bounce", "block"),
        ),
        (
            "failed",
            {"severity": "temporary", "reason": "generic", "delivery-status": {"message": "4.2.2 full"}},
            ("bounce", "delayed"),
        ),
        ("complained", {}, ("complaint", "")),
    ],
)
def test_mailgun(client, message, settings, event, fields, expected):
    settings.ANYMAIL = settings.ANYMAIL | {"MAILGUN_WEBHOOK_SIGNING_KEY": "mailgun-key"}
    ref = unsubscribe_token(message)
    assert mailgun(client, ref, event, key="guess", **fields).status_code == 400
    assert not Return.objects.exists()
    for _ in range(2):
        assert mailgun(client, ref, event, **fields).status_code == 200
    back = Return.objects.get()
    assert (back.kind, back.bounce_class, back.source) == (*expected, "mailgun")
    assert back.message == message.pk
