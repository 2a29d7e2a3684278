"""Short tracked links in SMS, push and on-site messages."""

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from customers.models import Customer
from delivery.models import Link, Message, Touch
from delivery.sources import Rendered
from delivery.tokens import InvalidToken
from delivery.tracking.judge import judge
from delivery.tracking.short import read_short, short_url, shorten
from events.models import Event
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db
TEXT = "Tea: https://shop.example/tea?a=1. 看这里https://shop.example/茶，or http://shop.example/tea?a=1!"


@pytest.fixture(autouse=True)
def public(settings):
    settings.PUBLIC_URL = "https://go.example"
    settings.TRACKING = True
    settings.TRACKING_UTM = {"utm_medium": "{channel}"}


@pytest.fixture
def run(source, now):
    make_customers(3, now=now)
    made = make_run(now=now)
    made.channel = "sms"
    made.save()
    Message.objects.filter(run=made).update(state="sent", sent_at=now - timedelta(hours=1), channel="sms")
    return made


def of(run, content):
    messages = list(Message.objects.filter(run=run).select_related("run").order_by("pk"))
    return messages, shorten(run, [(message, content) for message in messages])


def test_a_link_in_an_sms_leads_over_us_and_is_short(run, client, now):
    Customer.objects.filter(external_id="c2").update(no_profiling=True)
    messages, contents = of(run, Rendered(text=TEXT))
    assert contents[2].text == TEXT
    text = contents[0].text
    assert text != contents[1].text
    words = text.split()
    assert [words[0], words[1][-1], words[-1][-1]] == ["Tea:", ".", "!"]
    first = words[1].removesuffix(".")
    assert first.startswith("https://go.example/t/s/")
    assert len(urlsplit(first).path) <= 27
    assert "，or " in text
    assert set(Link.objects.values_list("url", flat=True)) == {
        "https://shop.example/tea?a=1&utm_medium=sms",
        "https://shop.example/茶?utm_medium=sms",
        "http://shop.example/tea?a=1&utm_medium=sms",
    }
    answer = client.get(urlsplit(first).path, headers={"user-agent": "Mozilla/5.0 (iPhone)"})
    assert (answer.status_code, answer["Location"]) == (302, "https://shop.example/tea?a=1&utm_medium=sms")
    assert client.head(urlsplit(first).path).status_code == 302
    touch = Touch.objects.get()
    assert (touch.kind, touch.run_id, touch.message) == ("click", run.pk, messages[0].pk)
    assert judge(now=touch.at + timedelta(minutes=1)) == 1
    event = Event.objects.get()
    assert (event.type, event.customer_id) == ("message_clicked", messages[0].customer_id)
    assert event.properties["channel"] == "sms"


def test_a_changed_token_leads_nowhere_and_notes_nothing(run, client):
    messages, contents = of(run, Rendered(text="https://shop.example/"))
    token = contents[0].text.rpartition("/")[2]
    other = contents[1].text.rpartition("/")[2]
    for broken in (token[:-1] + ("A" if token[-1] != "A" else "B"), other[:3] + token[3:], "", "x", token * 9,
                   "-" * 22, "A" * 200):  # fmt: skip
        if broken in (token, other):
            continue
        assert client.get(f"/t/s/{broken}").status_code == 404, broken
    assert not Touch.objects.exists()
    with pytest.raises(InvalidToken):
        read_short(short_url(messages[0], UUID(int=7)).rpartition("/")[2])


def test_two_links_that_begin_alike_are_told_apart(run):
    message = Message.objects.filter(run=run).first()
    start = bytes(range(6))
    links = [
        Link.objects.create(
            id=UUID(bytes=start + bytes([n] * 10)), reference=str(run.pk), url=f"https://shop.example/{n}"
        )
        for n in range(3)
    ]
    for link in links:
        token = short_url(message, link.pk).rpartition("/")[2]
        assert read_short(token) == (run.pk, message.pk, link.pk, link.url)


def test_what_stays_as_it_is(run, settings):
    plain = [
        Rendered(text="no address"),
        Rendered(text="https://go.example/u/token and https://go.example/t/s/x"),
        Rendered(text="https://shop.example/", template="SMS_1", variables={"link": "https://shop.example/"}),
        Rendered(text="https://shop.example/" + "x" * 1000),
    ]
    for content in plain:
        assert of(run, content)[1] == [content] * 3
    linked = Rendered(text="https://shop.example/")
    run.transactional = True
    assert of(run, linked)[1] == [linked] * 3
    run.transactional, settings.TRACKING = False, False
    assert of(run, linked)[1] == [linked] * 3
    assert not Link.objects.exists()


def test_the_address_that_a_push_opens_is_followed_and_its_text_is_not(run, django_assert_max_num_queries):
    run.channel = "push"
    content = Rendered(text="https://shop.example/a", url="https://shop.example/b")
    _, contents = of(run, content)
    assert contents[0].text == content.text
    assert contents[0].url.startswith("https://go.example/t/s/")
    assert of(run, Rendered(url="myshop://basket"))[1][0].url == "myshop://basket"
    messages = list(Message.objects.filter(run=run).select_related("run"))
    with django_assert_max_num_queries(3):  # customers, market rules, links
        shorten(run, [(message, content) for message in messages])
