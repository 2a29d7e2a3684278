"""The preference centre: the link is the right, looking changes nothing, only differences are written."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection

from customers.models import Consent, ConsentEvent, Customer
from delivery.identity import preferences_url, unsubscribe_url
from delivery.models import Message, Preference
from delivery.preferences import selectors
from events.models import Event
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(source, now, settings):
    settings.PUBLIC_URL = ""
    make_customers(2, now=now)
    return Message.objects.filter(run=make_run(now=now)).select_related("run").earliest("customer_id")


@pytest.fixture
def address(message):
    return preferences_url(unsubscribe_url(message))


def consents():
    return {f"{c.channel}:{c.topic}": c.granted for c in Consent.objects.filter(customer__external_id="c0")}


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(client, address, method):
    for query in ("", "?choice=&frequency=monthly&nothing=1"):
        answer = getattr(client, method)(address + query)
        assert answer.status_code == 200
        assert not answer.cookies
        assert "no-store" in answer["Cache-Control"]
    assert consents() == {"email:marketing": True}
    assert not ConsentEvent.objects.exists()
    assert not Preference.objects.exists()


def test_the_page_shows_what_is_chosen_and_tells_nothing_of_the_person(client, address):
    page = client.get(address).content.decode()
    assert '<input type="checkbox" name="choice" value="email:marketing" checked>' in page
    assert '<input type="checkbox" name="choice" value="email:newsletter">' in page
    assert "sms:" not in page, "there is no phone number"
    assert not re.search(r"(?<![\w-])c0(?![\w-])", page)  # these letters may stand in a token
    assert "http" not in page


def test_choices_are_stored_with_their_proof_and_only_once(message, address, strict_client):
    form = {
        "choice": ["email:newsletter", "sms:marketing", "email:invented"],
        "frequency": "weekly",
        "language": "zh-hans",
    }
    for _ in range(2):
        answer = strict_client.post(address, form)
        assert (answer.status_code, answer["Location"]) == (302, f"{address}?saved")
    assert consents() == {"email:marketing": False, "email:newsletter": True}
    assert set(ConsentEvent.objects.values_list("topic", "granted", "source")) == {
        ("marketing", False, "preference centre"), ("newsletter", True, "preference centre"),
    }  # fmt: skip
    assert ConsentEvent.objects.first().proof == {"run": str(message.run_id), "message": message.pk}
    customer = Customer.objects.get(pk=message.customer_id)
    assert (customer.preference.frequency, customer.locale) == ("weekly", "zh-hans")
    event = Event.objects.get()
    assert event.type == "preferences_changed"
    assert event.properties["changed"] == ["email:marketing", "email:newsletter", "frequency", "language"]
    page = strict_client.get(f"{address}?saved").content.decode()
    assert 'lang="zh-hans"' in page
    assert Consent.objects.get(customer__external_id="c1").granted


def test_nothing_at_all_ends_every_topic_and_channel(message, address, strict_client, now):
    Consent.objects.create(
        customer_id=message.customer_id, channel="sms", topic="sales", granted=True, since=now
    )
    strict_client.post(address, {"nothing": "1", "choice": ["email:marketing"]})
    assert consents() == {"email:marketing": False, "sms:sales": False}
    assert "sales" in strict_client.get(address).content.decode().lower()


def test_nonsense_is_ignored(message, address, strict_client):
    form = {
        "choice": ["email:marketing", "\0", "x" * 5000],
        "frequency": "hourly",
        "language": "xx",
        "tracking": "",
    }
    assert strict_client.post(address, form).status_code == 302
    assert consents() == {"email:marketing": True, "email:tracking": True}
    assert not Preference.objects.exists()
    assert Customer.objects.get(pk=message.customer_id).locale == ""


def test_noting_opens_is_asked_where_the_market_asks(message, address, strict_client):
    assert "You may note when I open" not in strict_client.get(address).content.decode()
    Customer.objects.filter(pk=message.customer_id).update(country="DE")
    assert "You may note when I open" in strict_client.get(address).content.decode()
    strict_client.post(address, {"choice": ["email:marketing"], "tracking": "on"})
    assert consents() == {"email:marketing": True, "email:tracking": True}
    strict_client.post(address, {"choice": ["email:marketing"]})
    assert consents() == {"email:marketing": True, "email:tracking": False}


def test_changed_links_and_people_who_are_gone(client, message, address):
    assert client.get(address.replace("/u/", "/u/x")).status_code == 404
    assert client.post(address.replace("/preferences", "x/preferences")).status_code == 404
    Consent.objects.all().delete()
    Customer.objects.filter(pk=message.customer_id).delete()
    assert client.get(address).status_code == 404
    assert client.put(address).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_two_posts_at_once_write_one_change(message, address, strict_client):
    barrier = threading.Barrier(3)

    def post():
        barrier.wait()
        strict_client.post(address, {"frequency": "monthly"})
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert (ConsentEvent.objects.count(), Event.objects.count(), Preference.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    ("frequency", "days", "too_soon"),
    [
        ("any", 0.1, False),
        ("weekly", 6.9, True),
        ("weekly", 7, False),
        ("monthly", 29, True),
        ("monthly", 30, False),
    ],
)
def test_who_wants_less_has_had_one_lately(
    message, now, frequency, days, too_soon, django_assert_max_num_queries
):
    Preference.objects.create(customer_id=message.customer_id, frequency=frequency, updated_at=now)
    Message.objects.update(state="sent", sent_at=now - timedelta(days=days))
    everybody = list(Customer.objects.values_list("pk", flat=True))
    with django_assert_max_num_queries(2):
        found = selectors.too_soon(everybody, now=now)
    assert found == ({message.customer_id} if too_soon else set())
    message.run.transactional = True
    message.run.save()
    assert selectors.too_soon([message.customer_id], now=now) == set()
