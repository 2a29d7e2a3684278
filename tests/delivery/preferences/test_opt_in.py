"""Double opt-in: asked by mail, confirmed by a button, proved, and not to be abused."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from core import clock
from customers.models import Consent, ConsentEvent, Customer
from delivery.models import Message, OptIn, ReceivedMail, Run
from delivery.outbox.send import deliver
from delivery.preferences.opt_in import OptInRefused, ask, confirm_opt_in, confirm_url, run_of
from delivery.selectors.mailbox import parse
from tests.factories.customers import make_customer
from tests.factories.delivery import suppress_address

pytestmark = pytest.mark.django_db


@pytest.fixture
def dora(now):
    return make_customer("dora", now=now, email="dora@demo.invalid", locale="zh-CN")


def path(opt_in):
    return urlsplit(confirm_url(opt_in)).path


def test_a_scanner_confirms_nothing_and_a_person_does_once(dora, now, strict_client):
    opt_in = ask(dora, topic="newsletter", source="checkout", now=now)
    for method in ("get", "head", "get"):
        assert getattr(strict_client, method)(path(opt_in)).status_code == 200
    assert not Consent.objects.exists()
    for _ in range(2):
        answer = strict_client.post(path(opt_in))
        assert answer.status_code == 200
        assert not answer.cookies
    assert Consent.objects.get().granted
    event = ConsentEvent.objects.get()
    assert (event.source, event.topic, event.channel) == ("double opt-in", "newsletter", "email")
    assert event.proof["asked_by"] == "checkout"
    assert event.proof["asked_at"] == now.isoformat()


def test_it_expires_and_says_so(dora, now, strict_client, settings):
    opt_in = ask(dora, topic="newsletter", source="form", now=now - timedelta(days=settings.OPT_IN_DAYS))
    for method in ("get", "post"):
        assert getattr(strict_client, method)(path(opt_in)).status_code == 410
    assert not Consent.objects.exists()
    again = ask(dora, topic="newsletter", source="form", now=now)
    assert again.pk == opt_in.pk
    assert confirm_opt_in(again, now=now).value == "done"


def test_changed_links_are_refused_and_so_is_one_for_a_former_address(dora, now, strict_client):
    opt_in = ask(dora, topic="newsletter", source="form", now=now)
    good = path(opt_in)
    for bad in (
        good[:-1],
        good + "A",
        good[:20] + ("B" if good[20] != "B" else "C") + good[21:],
        "/u/confirm/x",
    ):
        assert strict_client.post(bad).status_code == 404, bad
    dora.email = "other@demo.invalid"
    dora.save()
    ask(dora, topic="newsletter", source="form", now=now + timedelta(minutes=1))
    assert strict_client.post(good).status_code == 404
    assert not Consent.objects.exists()


def test_nobody_can_be_flooded(dora, now):
    runs = []
    for minutes in (0, 1, 59, 61, 125, 190, 250):
        ask(dora, topic="newsletter", source="form", now=now + timedelta(minutes=minutes))
        runs.append(Run.objects.count())
    assert runs == [1, 1, 1, 2, 3, 3, 3]
    assert OptIn.objects.count() == 1


def test_refused_without_an_address_or_when_it_is_suppressed(dora, now):
    suppress_address("dora@demo.invalid", now=now)
    with pytest.raises(OptInRefused, match="suppressed"):
        ask(dora, topic="newsletter", source="form", now=now)
    with pytest.raises(OptInRefused, match="no e-mail"):
        ask(make_customer("erik", now=now), topic="newsletter", source="form", now=now)
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_question_arrives_in_the_persons_language_and_its_link_confirms(
    dora, now, sink, strict_client, settings
):
    settings.TRACKING = True
    opt_in = ask(dora, topic="newsletter", source="form", now=now)
    assert deliver(run_of(opt_in).pk, clock=clock.now) == 1
    mail = ReceivedMail.objects.get()
    parsed = parse(mail)
    assert 'lang="zh-hans"' in parsed.html
    assert "/t/" not in parsed.html, "a question is not measured"
    assert settings.SHOP_POSTAL_ADDRESS in parsed.text
    [link] = [word for word in parsed.text.split() if word.startswith("http")]
    assert link == confirm_url(OptIn.objects.get())
    assert link in parsed.html
    assert strict_client.post(urlsplit(link).path).status_code == 200
    assert Consent.objects.get().granted
    assert Customer.objects.get().opt_ins.get().confirmed_at is not None
