"""A batch's way through the outbox, over SMTP into the real sink."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from core import clock
from core.registry import UnknownEntry
from customers.models import Consent, Customer
from delivery.models import Message, ReceivedMail, Run
from delivery.outbox.claim import claim, mark_sending
from delivery.outbox.policy import DEFAULT, Policy
from delivery.outbox.send import deliver
from delivery.outbox.sweep import sweep
from delivery.selectors import breakdown, skip_reasons
from delivery.selectors.mailbox import parse, received
from delivery.services import let_be, pause, resume, send_again
from events.models import Event
from tests.factories.delivery import make_customers, make_run, suppress_address
from tests.patience import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)

STATES = ("pending", "claimed", "sending", "sent", "failed", "skipped", "held_out", "uncertain")


def states(run):
    return dict(Counter(Message.objects.filter(run=run).values_list("state", flat=True)))


def test_everyone_eligible_gets_one_mail_and_the_others_a_reason(source, sink, now):
    alice, bob, charlie, dora, erik = make_customers(5, now=now)
    Consent.objects.filter(customer=bob).update(granted=False)
    suppress_address("  C2@demo.invalid ", now=now)
    Customer.objects.filter(pk=dora.pk).update(email=None)
    run = make_run(now=now)
    Consent.objects.filter(customer=erik).delete()
    Customer.objects.filter(pk=erik.pk).delete()

    assert deliver(run.id, clock=clock.now) == 1

    assert skip_reasons(run) == {"erased": 1, "no_address": 1, "no_consent": 1, "suppressed": 1}
    message = Message.objects.get(state="sent")
    assert (message.customer_id, message.attempts, message.error, message.lease_until) == (
        alice.id,
        1,
        "",
        None,
    )
    assert message.context == {"greeting": "Hello"}
    [mail] = received(message)
    assert (mail.envelope_to, mail.envelope_from) == ("c0@demo.invalid", "shop@example.com")
    assert ReceivedMail.objects.count() == 1
    parsed = parse(mail)
    assert parsed.text == f"Hello {alice.id}\n.A line that begins with a dot\n"
    assert parsed.html.strip() == f"<p>Hello {alice.id}</p>"
    event = Event.objects.get()
    assert (event.type, event.customer_id, event.properties["reference"]) == (
        "message_sent",
        alice.id,
        "spring",
    )
    run.refresh_from_db()
    assert run.state == "finished"
    assert source.finished_runs == [run.id]
    assert not Message.objects.filter(customer=charlie, state="sent").exists()


def test_a_suppression_that_has_ended_no_longer_holds(source, sink, now):
    make_customers(1, now=now)
    suppress_address("c0@demo.invalid", now=now, until=now - timedelta(seconds=1))
    assert deliver(make_run(now=now).id, clock=clock.now) == 1


def test_nothing_is_sent_before_it_is_due_or_to_the_held_out(source, sink, now):
    make_customers(4, now=now)
    run = make_run(now=now + timedelta(hours=1), held_out="id %% 2 = 0")
    assert deliver(run.id, clock=lambda: now) == 0
    assert states(run) == {"pending": 2, "held_out": 2}
    assert deliver(run.id, clock=lambda: now + timedelta(hours=1)) == 2
    assert ReceivedMail.objects.count() == 2
    assert set(Message.objects.filter(state="held_out").values_list("message_id", "sent_at")) == {("", None)}


def test_rivals_never_claim_the_same_message(source, now):
    make_customers(600, now=now)
    run = make_run(now=now)
    barrier = threading.Barrier(6)
    taken = []

    def rival():
        barrier.wait()
        while messages := claim(run.id, now=now, policy=Policy(batch=25)):
            taken.extend(m.id for m in messages)
        connection.close()

    threads = [threading.Thread(target=rival) for _ in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(taken) == len(set(taken))
    # SKIP LOCKED may leave a rival with nothing while others hold the last rows, never a message with nobody.
    assert len(taken) + states(run).get("pending", 0) == 600
    assert set(Message.objects.filter(id__in=taken).values_list("state", "fence")) == {("claimed", 1)}


def test_an_old_holder_cannot_send_what_was_taken_from_it(source, sink, now):
    make_customers(3, now=now)
    run = make_run(now=now)
    old = claim(run.id, now=now, policy=DEFAULT)
    later = now + DEFAULT.lease + timedelta(seconds=1)
    assert sweep(now=later).freed == 3
    new = claim(run.id, now=later, policy=DEFAULT)
    assert mark_sending(run.id, old, now=later, policy=DEFAULT) == set()
    assert mark_sending(run.id, new, now=later, policy=DEFAULT) == {m.id for m in new}


def test_sweeping_calls_what_was_being_sent_uncertain_and_never_sends_it_again(source, sink, now):
    make_customers(2, now=now)
    run = make_run(now=now)
    messages = claim(run.id, now=now, policy=DEFAULT)
    mark_sending(run.id, messages[:1], now=now, policy=DEFAULT)
    assert sweep(now=now + timedelta(seconds=59)).freed == 0
    later = now + DEFAULT.patience + timedelta(seconds=1)
    swept = sweep(now=later)
    assert (swept.freed, swept.uncertain, swept.runs_to_wake) == (1, 1, [run.id])
    assert deliver(run.id, clock=lambda: later) == 1
    assert states(run) == {"sent": 1, "uncertain": 1}
    assert sweep(now=later).finished == 0
    run.refresh_from_db()
    assert run.state == "running"

    assert send_again(run, now=later) == 1
    assert deliver(run.id, clock=lambda: later) == 1
    assert states(run) == {"sent": 2}
    run.refresh_from_db()
    assert run.state == "finished"


def test_uncertain_messages_that_are_let_be_count_as_failed_and_end_the_run(source, now):
    make_customers(1, now=now)
    run = make_run(now=now)
    mark_sending(run.id, claim(run.id, now=now, policy=DEFAULT), now=now, policy=DEFAULT)
    later = now + timedelta(hours=1)
    sweep(now=later)
    assert let_be(run, now=later) == 1
    assert sweep(now=later).finished == 1
    assert states(run) == {"failed": 1}


def test_pausing_and_resuming_loses_none_and_doubles_none(source, sink, now):
    make_customers(300, now=now)
    run = make_run(now=now)
    policy = Policy(batch=60, chunk=5)

    def work():
        deliver(run.id, clock=clock.now, policy=policy)
        connection.close()

    for at_least in (20, 70, 130, 180, 240):
        thread = threading.Thread(target=work)
        thread.start()
        while ReceivedMail.objects.count() < at_least:
            parts = breakdown([run.id])[run.id]
            assert parts.audience == 300 == sum(getattr(parts, s) for s in STATES)
        assert pause(run)
        before = Message.objects.filter(run=run, state="sent").count()
        thread.join(timeout=PATIENCE)
        after = Message.objects.filter(run=run, state="sent").count()
        # Those at stake when it was paused, and the chunk whose answers were just being written down.
        assert after - before <= policy.at_stake + policy.chunk
        assert set(states(run)) == {"sent", "pending"}
        assert deliver(run.id, clock=clock.now) == 0
        assert resume(run)
    work()
    assert states(run) == {"sent": 300}
    assert set(Counter(ReceivedMail.objects.values_list("message_id", flat=True)).values()) == {1}
    assert ReceivedMail.objects.count() == 300
    assert Event.objects.filter(type="message_sent").count() == 300


def test_consent_withdrawn_between_claim_and_sending_stops_the_mail(source, sink, now):
    make_customers(30, now=now)
    run = make_run(now=now)
    withdrawn_at = 10
    ticks = iter(now + timedelta(seconds=20 * i) for i in range(100))

    def slow_clock():
        tick = next(ticks)
        if ReceivedMail.objects.count() >= withdrawn_at:
            Consent.objects.update(granted=False)
        return tick

    # Twenty seconds pass between two looks at the clock, so the check is repeated within the batch.
    deliver(run.id, clock=slow_clock, policy=Policy(chunk=5))
    counts = states(run)
    assert counts["sent"] == ReceivedMail.objects.count() < 30
    assert counts["sent"] + counts["skipped"] == 30
    assert skip_reasons(run) == {"no_consent": counts["skipped"]}


def test_a_message_that_cannot_be_rendered_stops_no_other(source, sink, now):
    customers = make_customers(5, now=now)
    run = make_run(now=now, context=f"jsonb_build_object('poison', id = {customers[2].id})")
    assert deliver(run.id, clock=clock.now) == 4
    bad = Message.objects.get(customer=customers[2])
    assert (bad.state, bad.attempts, bad.error) == (
        "pending",
        1,
        "The content could not be made (RuntimeError).",
    )
    assert now + timedelta(seconds=48) < bad.due_at < now + timedelta(seconds=80)
    for hours in (1, 2):
        deliver(run.id, clock=lambda hours=hours: now + timedelta(hours=hours))
    bad.refresh_from_db()
    assert (bad.state, bad.attempts) == ("failed", 3)
    assert Run.objects.get().state == "finished"
    assert ReceivedMail.objects.count() == 4


def test_a_source_may_leave_someone_out(source, sink, now):
    make_customers(1, now=now)
    run = make_run(now=now, context="""'{"skip": "no_coupon"}'::jsonb""")
    assert deliver(run.id, clock=clock.now) == 0
    assert skip_reasons(run) == {"no_coupon": 1}
    assert ReceivedMail.objects.count() == 0


def test_a_source_that_fails_to_finish_keeps_the_run_open_for_the_next_sweep(source, sink, now, monkeypatch):
    make_customers(1, now=now)
    run = make_run(now=now)

    def fail(run, now):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(source, "finished", fail)
        with pytest.raises(RuntimeError):
            deliver(run.id, clock=clock.now)
        assert sweep(now=now).finished == 0
    assert sweep(now=now).finished == 1
    assert source.finished_runs == [run.id]


def test_a_run_whose_source_is_gone_keeps_its_messages_waiting(source, now):
    make_customers(1, now=now)
    run = make_run(now=now)
    Run.objects.update(source="removed")
    with pytest.raises(UnknownEntry):
        deliver(run.id, clock=clock.now)
    assert states(run) == {"pending": 1}


def test_a_run_that_is_paused_at_the_last_moment_is_not_finished(source, sink, now, monkeypatch):
    make_customers(1, now=now)
    run = make_run(now=now)

    def pause_from_elsewhere(finished, at):
        def rival():
            pause(finished)  # would wait for ever if the run were locked before its source is told
            connection.close()

        thread = threading.Thread(target=rival)
        thread.start()
        thread.join(timeout=PATIENCE)
        assert not thread.is_alive()
        Consent.objects.update(topic="written by the source")

    monkeypatch.setattr(source, "finished", pause_from_elsewhere)
    assert deliver(run.id, clock=clock.now) == 1
    run.refresh_from_db()
    assert (run.state, run.finished_at) == ("paused", None)
    assert Consent.objects.get().topic == "marketing"


def test_a_message_whose_workers_keep_dying_is_given_up(source, now):
    make_customers(1, now=now)
    run = make_run(now=now)
    for i in range(DEFAULT.claims):
        at = now + timedelta(hours=i)
        assert len(claim(run.id, now=at, policy=DEFAULT)) == 1
        sweep(now=at + timedelta(minutes=2))
    assert states(run) == {"failed": 1}
