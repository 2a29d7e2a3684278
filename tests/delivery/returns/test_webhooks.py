"""Providers' webhooks over HTTP, through django-anymail: signed by our secret, counted once."""

import json
from base64 import b64encode

import pytest
from django.test import override_settings
from django.urls import clear_url_caches, include, path
from django.utils import timezone

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


@override_settings(ROOT_URLCONF="config.urls")
def test_without_a_secret_there_is_no_such_address(client):
    clear_url_caches()
    assert post(client, bounce()).status_code == 404
