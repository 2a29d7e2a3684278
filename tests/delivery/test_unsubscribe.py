"""The public page behind every mail's unsubscribe link."""

import threading

import pytest
from django.core import signing
from django.db import connection

from config.logs import without_personal_data
from core import clock
from customers.models import Consent, ConsentEvent
from delivery.identity import unsubscribe_token, unsubscribe_url
from delivery.models import Message, ReceivedMail
from delivery.outbox.send import deliver
from delivery.selectors import skip_reasons
from delivery.selectors.mailbox import parse
from events.models import Event
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(source, now):
    make_customers(1, now=now)
    return Message.objects.select_related("run").get(run=make_run(now=now))


@pytest.fixture
def address(message):
    return f"/u/{unsubscribe_token(message)}"


def untouched():
    return Consent.objects.get().granted and not ConsentEvent.objects.exists() and not Event.objects.exists()


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_the_page_changes_nothing(client, address, method):
    for _ in range(3):
        answer = getattr(client, method)(address)
        assert answer.status_code == 200
    assert untouched()
    assert not answer.cookies
    assert "no-store" in answer["Cache-Control"]
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


def test_the_page_asks_by_a_button_and_loads_nothing_else(client, address, settings):
    settings.SHOP_NAME = "Ann & Sons"
    page = client.get(address).content.decode()
    assert '<form method="post"><button type="submit">Unsubscribe</button></form>' in page
    assert "Ann &amp; Sons" in page
    assert "http" not in page
    assert "c0@demo.invalid" not in page


def test_a_post_without_a_cookie_unsubscribes_and_a_repeat_writes_nothing(message, address, strict_client):
    answer = strict_client.post(address, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "You are unsubscribed" in answer.content.decode()
    consent = Consent.objects.get()
    assert (consent.customer_id, consent.channel, consent.topic, consent.granted) == (
        message.customer_id, "email", "marketing", False,
    )  # fmt: skip
    event = ConsentEvent.objects.get()
    assert (event.granted, event.source) == (False, "unsubscribe link")
    assert event.proof == {"run": str(message.run_id), "message": message.id}
    assert Event.objects.get().type == "unsubscribe"
    assert strict_client.post(address).status_code == 200
    assert (ConsentEvent.objects.count(), Event.objects.count()) == (1, 1)


def test_who_comes_back_can_leave_again(message, address, strict_client):
    strict_client.post(address)
    Consent.objects.update(granted=True)
    strict_client.post(address)
    assert not Consent.objects.get().granted
    assert ConsentEvent.objects.count() == 2


def test_a_changed_link_is_refused(client, message, address):
    run_id, body = message.run_id, unsubscribe_token(message)
    payload, _, signature = body.rpartition(".")
    other = signing.Signer(salt="another", sep=".").sign(payload)
    for token in (
        payload,
        f"{payload}.",
        f"B{payload[1:]}.{signature}",
        f"{body}x",
        body[:-1],
        other,
        ".",
        "x",
    ):
        answer = client.post(f"/u/{token}")
        assert answer.status_code == 404, token
        assert "This link is not valid" in answer.content.decode()
    assert untouched()
    Message.objects.filter(run=run_id).delete()
    assert client.post(address).status_code == 404


def test_the_log_does_not_keep_the_link(message, address):
    event = without_personal_data(
        None, "info", {"event": f"Not Found: {address}", "request": f"POST {address}/"}
    )
    assert event == {"event": "Not Found: /u/…", "request": "POST /u/…/"}


def test_links_hold_no_personal_data_and_survive_a_new_secret_key(client, message, address, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert client.get(address).status_code == 200
    settings.PUBLIC_URL = "https://shop.example/"
    assert unsubscribe_url(message).startswith("https://shop.example/u/")
    assert len(unsubscribe_url(message)) < 110


def test_the_page_speaks_the_readers_language_and_other_methods_are_refused(client, address):
    assert 'lang="zh-hans"' in client.get(address, headers={"accept-language": "zh-CN"}).content.decode()
    assert client.put(address).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_withdrawal(message, address, strict_client):
    barrier = threading.Barrier(4)
    codes = []

    def click():
        barrier.wait()
        codes.append(strict_client.post(address).status_code)
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert codes == [200] * 4
    assert (ConsentEvent.objects.count(), Event.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_the_link_in_a_received_mail_stops_the_next_one(source, sink, now, strict_client, settings):
    make_customers(2, now=now)
    deliver(make_run(now=now).id, clock=clock.now)
    mail = ReceivedMail.objects.get(envelope_to="c0@demo.invalid")
    link = dict(parse(mail).headers)["List-Unsubscribe"].strip(" <>").removeprefix(settings.PUBLIC_URL)
    assert strict_client.post(link).status_code == 200
    summer = make_run(now=now, reference="summer")
    assert deliver(summer.id, clock=clock.now) == 1
    assert skip_reasons(summer) == {"no_consent": 1}
    assert ReceivedMail.objects.filter(envelope_to="c0@demo.invalid").count() == 1
