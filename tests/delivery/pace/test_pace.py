"""Rates and breakers at work: what leaves when, and what is left alone."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from customers.models import Customer
from delivery.channels import channels
from delivery.channels.base import Outcome, Verdict
from delivery.models import Message, Provider
from delivery.outbox.pace import breaker
from delivery.outbox.policy import Policy
from delivery.outbox.send import deliver, take_turn
from delivery.outbox.sweep import sweep
from delivery.services import throttle
from tests.factories.delivery import make_customers, make_run
from tests.factories.providers import Carrier, make_provider

pytestmark = pytest.mark.django_db(transaction=True)


class Clock:
    """A clock that only moves when somebody waits."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def carry(monkeypatch):
    """Let mail go by a carrier."""

    def use(carrier):
        monkeypatch.setitem(channels._entries, "email", carrier)
        return carrier

    return use


def counts():
    return dict(Counter(Message.objects.values_list("state", flat=True)))


def after(run, seconds, now):
    return deliver(run.id, clock=lambda: now + timedelta(seconds=seconds))


def test_a_provider_never_gets_more_than_its_rate(source, carry, now):
    make_customers(60, now=now)
    carrier = carry(Carrier(make_provider(rate_per_second=10, burst=5)))
    run = make_run(now=now)
    sent = {seconds: after(run, seconds, now) for seconds in (0, 0.1, 1, 1.05, 60, 60.5)}
    # It holds five at most, however long nobody asked.
    assert sent == {0: 5, 0.1: 1, 1: 5, 1.05: 0, 60: 5, 60.5: 5}
    assert len(carrier.offered) == 21
    assert counts() == {"sent": 21, "pending": 39}
    assert set(Message.objects.filter(state="pending").values_list("attempts", flat=True)) == {0}


def test_a_worker_that_may_wait_sends_all_at_the_providers_pace(source, carry, now):
    make_customers(25, now=now)
    carry(Carrier(make_provider(rate_per_second=10, burst=5)))
    clock = Clock(now)
    turn = take_turn(make_run(now=now).id, clock=clock, wait=clock.wait)
    assert (turn.sent, turn.again_at) == (25, None)
    assert timedelta(seconds=2) <= clock.now - now < timedelta(seconds=2.2)


def test_rival_workers_share_one_rate(source, carry, now):
    make_customers(80, now=now)
    carrier = carry(Carrier(make_provider(rate_per_second=1, burst=30)))
    run = make_run(now=now)

    def work():
        deliver(run.id, clock=lambda: now, policy=Policy(chunk=7))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(carrier.offered) == 30
    assert counts() == {"sent": 30, "pending": 50}


def test_a_throttled_run_sends_so_many_an_hour_and_the_worker_is_told_when_to_come_back(source, carry, now):
    make_customers(200, now=now)
    carry(Carrier())
    run = make_run(now=now)
    assert throttle(run, 3600)
    turn = take_turn(run.id, clock=lambda: now)
    assert turn.sent == 60  # a minute's worth
    assert turn.again_at == now + timedelta(seconds=15)
    assert [after(run, s, now) for s in (10, 10, 70)] == [10, 0, 60]
    with pytest.raises(ValueError, match="pause the run"):
        throttle(run, 0)
    assert throttle(run, None)
    assert after(run, 71, now) == 70


def test_who_is_left_out_costs_nothing_of_the_runs_hour(source, carry, now):
    people = make_customers(20, now=now)
    carry(Carrier())
    run = make_run(now=now)
    throttle(run, 600)  # ten at once
    Customer.objects.filter(pk__in=[p.pk for p in people[:10]]).update(email=None)
    assert deliver(run.id, clock=lambda: now) == 10
    # All are due alike, so one of them may stand behind the tenth who is sent something.
    assert deliver(run.id, clock=lambda: now + timedelta(minutes=1)) == 0
    assert counts() == {"sent": 10, "skipped": 10}


def test_a_domain_gets_no_more_than_its_rate_and_the_others_go_on(source, carry, settings, now):
    settings.DELIVERY_DOMAIN_RATES = {"slow.invalid": 2}
    people = make_customers(30, now=now)
    for person in people[:20]:
        person.email = f"{person.external_id}@slow.invalid"
    Customer.objects.bulk_update(people, ["email"])
    carrier = carry(Carrier())
    run = make_run(now=now)
    turn = take_turn(run.id, clock=lambda: now)
    assert turn.sent == 12
    assert Counter(m.address.partition("@")[2] for m in carrier.offered) == {
        "slow.invalid": 2,
        "demo.invalid": 10,
    }
    assert turn.again_at == now + timedelta(seconds=0.5)
    waiting = Message.objects.filter(state="pending").order_by("due_at")
    assert [(m.due_at - now).total_seconds() for m in waiting] == [(k + 1) / 2 for k in range(18)]
    # They were not rendered in vain, and each is rendered once when its turn has come.
    assert sum(len(batch) for batch in source.rendered) == 12
    clock = Clock(now)
    assert take_turn(run.id, clock=clock, wait=clock.wait).sent == 18
    assert clock.now == now + timedelta(seconds=9)
    assert sum(len(batch) for batch in source.rendered) == 30


def test_a_provider_that_fails_five_times_in_a_row_is_left_alone_and_then_tried_with_one_mail(
    source, carry, now
):
    make_customers(40, now=now)
    provider = make_provider()
    down = True

    def answer(mail):
        return Outcome(mail.key, *((Verdict.UNTRIED, "No way there.") if down else (Verdict.SENT,)))

    carrier = carry(Carrier(provider, answer))
    run = make_run(now=now)
    assert [after(run, 31 * i, now) for i in range(4)] == [0] * 4
    provider.refresh_from_db()
    assert (provider.breaker_state, provider.failures) == ("closed", 4)
    after(run, 31 * 4, now)
    provider.refresh_from_db()
    opened = now + timedelta(seconds=31 * 4)
    assert (provider.breaker_state, provider.failures) == ("open", 5)
    assert (provider.breaker_until, provider.last_error) == (opened + breaker.PAUSE, "No way there.")
    assert len(carrier.offered) == 5

    # Nothing is claimed, rendered or offered while it is open.
    rendered = len(source.rendered)
    turn = take_turn(run.id, clock=lambda: opened + timedelta(seconds=29))
    assert (turn.sent, turn.again_at) == (0, provider.breaker_until)
    assert (len(carrier.offered), len(source.rendered)) == (5, rendered)

    # The try fails: one mail, and a longer pause.
    after(run, 31 * 5, now)
    provider.refresh_from_db()
    assert provider.breaker_state == "open"
    assert provider.breaker_until == now + timedelta(seconds=31 * 5) + 2 * breaker.PAUSE
    assert len(carrier.offered) == 6

    # The try succeeds: all go.
    down = False
    assert after(run, 31 * 8, now) == 40
    provider.refresh_from_db()
    assert (provider.breaker_state, provider.failures, provider.breaker_until) == ("closed", 0, None)
    assert counts() == {"sent": 40}
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


def test_only_one_worker_tries_a_provider_whose_pause_is_over(now):
    provider = make_provider(breaker_state="open", breaker_until=now)
    barrier = threading.Barrier(5)
    tries = []

    def rival():
        barrier.wait()
        tries.append(breaker.begin_probe(provider, now=now))
        connection.close()

    threads = [threading.Thread(target=rival) for _ in range(5)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(tries) == [False] * 4 + [True]


def test_a_success_in_between_counts_from_nought_again(source, carry, now):
    make_customers(9, now=now)
    provider = make_provider(failures=4)
    carry(Carrier(provider, lambda mail: Outcome(mail.key, Verdict.POSTPONED, "451 4.7.1")))
    deliver(make_run(now=now).id, clock=lambda: now)
    provider.refresh_from_db()
    # Whoever refuses a mail answers, too.
    assert (provider.failures, provider.breaker_state) == (0, "closed")


def test_a_late_success_does_not_close_what_a_rival_opened(now):
    provider = make_provider(failures=5, breaker_state="open", breaker_until=now + breaker.PAUSE)
    breaker.answered(provider)
    provider.refresh_from_db()
    assert (provider.breaker_state, provider.failures) == ("open", 5)


def test_429_with_retry_after_postpones_all_by_that_and_counts_no_attempt(source, carry, now):
    make_customers(10, now=now)
    provider = make_provider()
    told = timedelta(seconds=90)
    busy = True

    def answer(mail):
        if busy and len(carrier.offered) > 4:
            return Outcome(mail.key, Verdict.POSTPONED, "Too many requests (429).", retry_after=told)
        return Outcome(mail.key, Verdict.SENT)

    carrier = carry(Carrier(provider, answer))
    run = make_run(now=now)
    assert deliver(run.id, clock=lambda: now, policy=Policy(chunk=5)) == 4
    provider.refresh_from_db()
    assert (provider.breaker_state, provider.breaker_until, provider.failures) == ("open", now + told, 0)
    refused = Message.objects.get(error__contains="429")
    assert (refused.state, refused.attempts) == ("pending", 0)
    assert now + told <= refused.due_at <= now + 1.2 * told
    assert len(carrier.offered) == 5
    assert after(run, 89, now) == 0
    busy = False
    assert after(run, 110, now) == 6
    assert counts() == {"sent": 10}
    assert len(carrier.offered) == 11
    assert Provider.objects.get().breaker_state == "closed"


def test_a_hanging_provider_leaves_two_uncertain_and_opens_for_all_workers(source, carry, now):
    make_customers(100, now=now)
    provider = make_provider()
    carry(Carrier(provider, lambda mail: Outcome(mail.key, Verdict.UNKNOWN, "It never answered.")))
    deliver(make_run(now=now).id, clock=lambda: now, policy=Policy(chunk=5))
    provider.refresh_from_db()
    assert provider.breaker_state == "open"
    assert counts() == {"uncertain": 5, "pending": 95}


def test_the_sweeper_wakes_nobody_while_somebody_is_to_come_back(source, now):
    make_customers(1, now=now)
    run = make_run(now=now)
    run.wake_at = now + timedelta(seconds=10)
    run.save(update_fields=["wake_at"])
    assert sweep(now=now).runs_to_wake == []
    assert sweep(now=now + timedelta(seconds=10)).runs_to_wake == [run.id]
