"""From the pixel and the link to the event: who it was, and what machines cannot fake."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError

from delivery.models import Link, Message, Touch
from delivery.tokens import seal
from delivery.tracking import judge as judging
from delivery.tracking.judge import judge
from delivery.tracking.models import Touch as TouchModel
from delivery.tracking.services import note
from delivery.tracking.tokens import TRAP, click_url, open_url
from events.models import Event
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
OPEN, CLICK = TouchModel.Kind.OPEN, TouchModel.Kind.CLICK


@pytest.fixture
def messages(source, now, settings):
    settings.PUBLIC_URL = ""
    make_customers(12, now=now)
    run = make_run(now=now)
    Message.objects.filter(run=run).update(state="sent", sent_at=now - timedelta(hours=1))
    return list(Message.objects.filter(run=run).select_related("run").order_by("id"))


@pytest.fixture
def links(messages):
    return [Link.objects.create(reference="r", url=f"https://shop.example/{n}") for n in range(4)]


def happened():
    rows = Event.objects.order_by("occurred_at", "id").values_list(
        "type", "properties__machine", "properties__why"
    )
    return [(kind, machine, why) for kind, machine, why in rows]


def test_an_open_and_a_click_become_events_of_the_customer(client, messages, links, now):
    message = messages[0]
    answer = client.get(open_url(message), headers={"user-agent": PHONE})
    assert (answer.status_code, answer["Content-Type"], len(answer.content)) == (200, "image/gif", 42)
    answer = client.get(click_url(message, links[0].pk), headers={"user-agent": PHONE})
    assert (answer.status_code, answer["Location"]) == (302, "https://shop.example/0")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    assert judge(now=now) == 0, "too early to say"
    assert judge(now=now + timedelta(minutes=1)) == 2
    opened, clicked = Event.objects.order_by("type").reverse()
    assert (opened.type, opened.customer_id, opened.properties["machine"]) == (
        "message_opened",
        message.customer_id,
        False,
    )
    assert clicked.properties == {
        "source": "tests", "reference": "spring", "run": str(message.run_id), "message": message.pk,
        "channel": "email", "machine": False, "link": str(links[0].pk), "url": "https://shop.example/0",
    }  # fmt: skip
    assert judge(now=now + timedelta(minutes=2)) == 0
    assert Event.objects.count() == 2


def test_asking_by_head_notes_nothing(client, messages, links):
    assert client.head(open_url(messages[0])).status_code == 200
    assert client.head(click_url(messages[0], links[0].pk)).status_code == 302
    assert not Touch.objects.exists()
    assert client.post(open_url(messages[0])).status_code == 405


def test_a_changed_or_foreign_link_leads_nowhere(client, messages, links):
    good = click_url(messages[0], links[0].pk).rpartition("/")[2]
    other_message = click_url(messages[1], links[0].pk).rpartition("/")[2]
    payload = messages[0].run_id.bytes + messages[0].pk.to_bytes(8)
    bad = [
        good[:-1], good + "A", "B" + good[1:], good[:60] + other_message[60:], good.upper(), "x", "=", "é",
        open_url(messages[0]).rpartition("/")[2], seal("other", payload + links[0].pk.bytes),
        seal("click", payload), seal("click", payload + uuid4().bytes),
    ]  # fmt: skip
    for token in bad:
        answer = client.get(f"/t/c/{token}")
        assert answer.status_code == 404, token
        assert "Location" not in answer
    page = client.get(f"/t/c/{bad[0]}").content.decode()
    assert "This link is not valid" in page
    assert client.get(f"/t/o/{good}").status_code == 404
    assert client.get(f"/t/c/{good}?to=https://evil.example")["Location"] == "https://shop.example/0"
    assert Touch.objects.count() == 1


def test_the_reader_arrives_when_nothing_can_be_noted(client, messages, links, monkeypatch):
    def broken(*args, **kwargs):
        raise DatabaseError("away")

    monkeypatch.setattr("delivery.tracking.views.note", broken)
    assert client.get(click_url(messages[0], links[0].pk)).status_code == 302
    assert client.get(open_url(messages[0])).status_code == 200


def test_a_link_holds_under_the_former_secret(client, messages, links, settings):
    address = click_url(messages[0], links[0].pk)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert client.get(address).status_code == 302
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("agent", "address", "why"),
    [
        (PHONE, "93.184.216.34", None),
        ("Mozilla/5.0", "93.184.216.34", "proxy"),
        ("", "93.184.216.34", "scanner"),
        ("curl/8.5", "93.184.216.34", "scanner"),
        ("BarracudaCentral", "93.184.216.34", "scanner"),
        (PHONE, "17.58.1.2", "network"),
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "66.249.84.1",
            None,
        ),
    ],
)
def test_machines_are_known_by_name_and_network(client, messages, now, agent, address, why):
    client.get(open_url(messages[0]), headers={"user-agent": agent}, REMOTE_ADDR=address)
    judge(now=now + timedelta(minutes=1))
    assert happened() == [("message_opened", why is not None, why)]


def test_the_visitors_address_comes_from_our_own_proxy_only(client, messages, now, settings):
    client.get(open_url(messages[0]), headers={"user-agent": PHONE, "x-forwarded-for": "17.1.1.1"})
    settings.CLIENT_ADDRESS_HEADER = "X-Forwarded-For"
    client.get(open_url(messages[1]), headers={"user-agent": PHONE, "x-forwarded-for": "8.8.8.8, 17.1.1.1"})
    assert list(Touch.objects.order_by("id").values_list("hint", flat=True)) == ["", "network"]


def touch(message, at, *, kind=OPEN, link=None, hint="", network=""):
    assert note(kind, message.run_id, message.pk, now=at, link_id=link, hint=hint, network=network)


def sent(messages, at):
    Message.objects.filter(pk__in=[m.pk for m in messages]).update(sent_at=at)


def test_a_picture_proxy_right_after_the_delivery_is_a_machine_and_later_a_person(messages, now):
    sent(messages, now)
    touch(messages[0], now + timedelta(seconds=59), hint="ahead")
    touch(messages[1], now + timedelta(seconds=60), hint="ahead")
    touch(messages[2], now + timedelta(seconds=1.9))
    touch(messages[3], now + timedelta(seconds=2))
    judge(now=now + timedelta(hours=1))
    assert happened() == [
        ("message_opened", True, "soon"),
        ("message_opened", False, None),
        ("message_opened", True, "ahead"),
        ("message_opened", False, None),
    ]


def test_who_follows_the_hidden_link_is_a_machine_in_all_it_does(messages, links, now):
    touch(messages[0], now, kind=CLICK, link=links[0].pk)
    touch(messages[0], now + timedelta(seconds=3), kind=CLICK, link=TRAP)
    touch(messages[0], now + timedelta(seconds=61), kind=CLICK, link=links[1].pk)
    touch(messages[0], now + timedelta(seconds=64), kind=CLICK, link=links[2].pk)
    touch(messages[1], now, kind=CLICK, link=links[0].pk)
    assert judge(now=now + timedelta(hours=1)) == 5
    machine = {m: sorted(w for w in ws) for m, ws in grouped().items()}
    assert machine == {messages[0].pk: ["", "trap", "trap"], messages[1].pk: [""]}
    assert not Event.objects.filter(properties__link=str(TRAP)).exists()


def grouped():
    found = {}
    for message, why in Event.objects.values_list("properties__message", "properties__why"):
        found.setdefault(message, []).append(why or "")
    return found


@pytest.mark.parametrize(
    ("seconds", "machine"),
    [([0, 1], True), ([0, 1.1], False), ([0, 2, 4], True), ([0, 6, 12], False), ([0, 0, 0, 0], True)],
)
def test_several_links_within_seconds_are_a_scanner(messages, links, now, seconds, machine):
    for link, after in zip(links, seconds, strict=False):
        touch(messages[0], now + timedelta(seconds=after), kind=CLICK, link=link.pk)
    judge(now=now + timedelta(hours=1))
    whys = {why for _, _, why in happened()}
    assert whys == ({"links"} if machine else {None})


def test_the_same_link_twice_is_a_person(messages, links, now):
    for after in (0, 0.3, 0.6):
        touch(messages[0], now + timedelta(seconds=after), kind=CLICK, link=links[0].pk)
    judge(now=now + timedelta(hours=1))
    assert {why for _, _, why in happened()} == {None}


@pytest.mark.parametrize(("people", "machine"), [(9, False), (10, True)])
def test_many_recipients_from_one_network_right_after_the_delivery_are_one_machine(
    messages, now, people, machine
):
    sent(messages, now)
    for n, message in enumerate(messages[:people]):
        touch(message, now + timedelta(seconds=10 + n / 10), network="abc")
    touch(messages[11], now + timedelta(seconds=10), network="other")
    judge(now=now + timedelta(hours=1))
    whys = [why for _, _, why in happened()]
    assert (whys.count("burst"), whys.count(None)) == ((people, 1) if machine else (0, people + 1))


def test_touches_judged_earlier_still_witness(messages, links, now):
    touch(messages[0], now, kind=CLICK, link=links[0].pk)
    judge(now=now + timedelta(seconds=6))
    touch(messages[0], now + timedelta(seconds=30), kind=CLICK, link=TRAP)
    touch(messages[0], now + timedelta(seconds=31), kind=CLICK, link=links[1].pk)
    judge(now=now + timedelta(seconds=40))
    assert happened() == [("message_clicked", False, None), ("message_clicked", True, "trap")]
    judge(now=now + judging.MEMORY + timedelta(minutes=1))
    assert not Touch.objects.exists()


def test_a_minute_counts_once_and_a_machine_beside_a_person_does_not_hide_it(messages, links, now):
    minute = now.replace(second=0, microsecond=0)
    for after in (0, 20, 40, 61):
        touch(messages[0], minute + timedelta(seconds=after))
    touch(messages[0], minute + timedelta(seconds=10), hint="proxy")
    judge(now=minute + timedelta(hours=1))
    assert [machine for _, machine, _ in happened()] == [False, True, False]


def test_a_message_that_is_gone_notes_nothing(messages, now):
    assert not note(OPEN, messages[0].run_id, 999_999_999, now=now)
    assert not Touch.objects.exists()
