"""Frequency caps, wishes and warm-up: how often, with rivals at it."""

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from delivery.models import FrequencyCap, Message, Preference, Run, WarmUp, WarmUpDay
from delivery.outbox.send import deliver
from delivery.schedule import warmup
from tests.delivery.test_smtp import Scripted
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db(transaction=True)


def ends(run):
    return dict(Counter(Message.objects.filter(run=run).values_list("state", "skip_reason")))


def test_who_had_enough_is_left_out_until_the_days_are_over(source, smtp_server, now):
    smtp_server(Scripted())
    FrequencyCap.objects.create(name="Two a week", most=2, days=7)
    FrequencyCap.objects.create(name="SMS", most=1, days=7, channel="sms")
    FrequencyCap.objects.create(name="Off", most=1, days=7, is_active=False)
    make_customers(3, now=now)
    first, second, third = (make_run(now=now, launch_key=str(k)) for k in range(3))
    for run in (first, second):
        assert deliver(run.id, clock=lambda: now) == 3
    assert deliver(third.id, clock=lambda: now + timedelta(days=6, hours=23)) == 0
    assert ends(third) == {("skipped", "capped"): 3}
    fourth = make_run(now=now, launch_key="4")
    Run.objects.filter(pk=fourth.pk).update(transactional=True)
    assert deliver(fourth.id, clock=lambda: now) == 3  # never capped, and counts for nobody
    fifth = make_run(now=now, launch_key="5")
    assert deliver(fifth.id, clock=lambda: now + timedelta(days=7, minutes=1)) == 3


def test_a_customers_own_wish_is_a_cap(source, smtp_server, now):
    smtp_server(Scripted())
    people = make_customers(2, now=now)
    Preference.objects.create(customer=people[0], frequency="weekly", updated_at=now)
    for key in ("1", "2"):
        run = make_run(now=now, launch_key=key)
        deliver(run.id, clock=lambda: now)
    assert ends(run) == {("sent", ""): 1, ("skipped", "less_often"): 1}


def test_the_run_that_matters_more_goes_first_when_a_cap_binds(source, smtp_server, now):
    smtp_server(Scripted())
    FrequencyCap.objects.create(name="One", most=1, days=1)
    make_customers(4, now=now)
    minor, major = make_run(now=now, launch_key="minor"), make_run(now=now, launch_key="major")
    Run.objects.filter(pk=major.pk).update(priority=5)
    assert deliver(minor.id, clock=lambda: now) == 0
    assert deliver(major.id, clock=lambda: now) == 4
    assert ends(minor) == {("skipped", "capped"): 4}


def test_a_message_that_comes_back_to_the_queue_gives_its_place_back(source, smtp_server, now):
    smtp_server(server := Scripted(rcpt={"c0": "451 4.7.1 later"}))
    FrequencyCap.objects.create(name="One", most=1, days=1)
    make_customers(1, now=now)
    postponed, other = make_run(now=now), make_run(now=now, launch_key="2")
    assert deliver(postponed.id, clock=lambda: now) == 0
    assert ends(postponed) == {("pending", ""): 1}
    server.rcpt.clear()
    assert deliver(other.id, clock=lambda: now) == 1
    assert deliver(postponed.id, clock=lambda: now + timedelta(hours=1)) == 0
    assert ends(postponed) == {("skipped", "capped"): 1}


def test_four_rivals_never_overshoot_a_cap(source, smtp_server, now):
    smtp_server(server := Scripted())
    FrequencyCap.objects.create(name="Two", most=2, days=7)
    make_customers(25, now=now)
    runs = [make_run(now=now, launch_key=str(k)) for k in range(4)]
    barrier = threading.Barrier(4)

    def rival(run):
        barrier.wait()
        deliver(run.id, clock=lambda: now)
        connection.close()

    threads = [threading.Thread(target=rival, args=[run]) for run in runs]
    [t.start() for t in threads]
    [t.join() for t in threads]
    per_person = Counter(name for name, _ in server.accepted)
    assert set(per_person.values()) == {2}
    assert len(per_person) == 25
    assert Message.objects.filter(state="skipped", skip_reason="capped").count() == 50


def test_a_new_domain_is_warmed_up_day_by_day(source, smtp_server, settings):
    smtp_server(Scripted())
    settings.SHOP_FROM_EMAIL, settings.SHOP_TIME_ZONE = "news@new.example", "Europe/Berlin"
    morning = datetime(2026, 10, 24, 8, tzinfo=UTC)  # 10:00; the next day's is at 9:00 UTC
    WarmUp.objects.create(domain="new.example", started_on=date(2026, 10, 24), steps=[3, 5])
    make_customers(10, now=morning)
    run = make_run(now=morning)
    assert deliver(run.id, clock=lambda: morning) == 3
    assert ends(run) == {("sent", ""): 3, ("pending", "warm_up"): 7}
    tomorrow = datetime(2026, 10, 25, 9, tzinfo=UTC)
    assert set(Message.objects.filter(state="pending").values_list("due_at", flat=True)) == {tomorrow}
    assert deliver(run.id, clock=lambda: tomorrow) == 5
    assert deliver(run.id, clock=lambda: tomorrow + timedelta(days=1)) == 2  # the ladder is over
    assert dict(WarmUpDay.objects.values_list("day__day", "used")) == {24: 3, 25: 5}


def test_rivals_share_a_days_step(settings, now):
    settings.SHOP_FROM_EMAIL = "news@new.example"
    WarmUp.objects.create(domain="new.example", started_on=now.date(), steps=[50])
    got = []

    def rival():
        for _ in range(10):
            got.append(warmup.take(7, now=now).granted)
        connection.close()

    threads = [threading.Thread(target=rival) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sum(got) == 50
    assert WarmUpDay.objects.get().used == 50
    assert WarmUp(domain="x", started_on=now.date() + timedelta(days=1), steps=[9]).limit_on(now.date()) == 0
