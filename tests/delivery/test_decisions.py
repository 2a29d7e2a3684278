"""What a person decides: uncertain messages, and those who did not get it."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import AuditEntry, User
from customers.models import Consent
from delivery.models import Message, Run
from delivery.outbox.claim import claim, mark_sending
from delivery.outbox.policy import DEFAULT
from delivery.outbox.send import deliver
from delivery.outbox.sweep import sweep
from delivery.services import cancel, let_be, retry, send_again
from events.models import Event
from tests.delivery.test_smtp import Scripted
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db(transaction=True)


def states(run):
    return dict(Counter(Message.objects.filter(run=run).values_list("state", "skip_reason")))


def interrupted(run, count, now):
    """Leave so many of a run's messages as a worker leaves them that was killed while sending."""
    messages = claim(run.id, now=now, policy=DEFAULT, most=count)
    mark_sending(run.id, messages, now=now, policy=DEFAULT)
    later = now + DEFAULT.patience + timedelta(seconds=1)
    sweep(now=later)
    return later


def test_each_or_all_uncertain_ones_are_decided_about_with_a_note_in_the_audit_log(source, smtp_server, now):
    smtp_server(server := Scripted())
    make_customers(5, now=now)
    run = make_run(now=now)
    later = interrupted(run, 4, now)
    ids = list(Message.objects.filter(state="uncertain").order_by("id").values_list("id", flat=True))
    alice = User.objects.create_user("alice")
    assert send_again(run, message_ids=ids[:1], user=alice, now=later) == 1
    assert let_be(run, message_ids=ids[1:2], user=alice, now=later) == 1
    assert let_be(run, message_ids=[-1], now=later) == 0
    assert send_again(run, now=later) == 2
    assert deliver(run.id, clock=lambda: later) == 4
    assert states(run) == {("sent", ""): 4, ("failed", "let_be"): 1}
    assert len(server.accepted) == 4
    assert list(AuditEntry.objects.order_by("id").values_list("action", "actor", "after")) == [
        ("send_uncertain_again", alice.get_username(), {"messages": 1}),
        ("let_uncertain_be", alice.get_username(), {"messages": 1}),
        ("send_uncertain_again", "system", {"messages": 2}),
    ]
    assert Run.objects.get().state == "finished"


def test_nothing_of_a_cancelled_run_is_sent_again(source, now):
    make_customers(2, now=now)
    run = make_run(now=now)
    later = interrupted(run, 1, now)
    cancel(run, now=later)
    assert send_again(run, now=later) == 0
    assert states(run) == {("uncertain", ""): 1, ("skipped", "cancelled"): 1}
    assert let_be(run, now=later) == 1


def test_transactional_messages_that_nobody_answered_for_go_again_under_the_same_name(
    source, smtp_server, now
):
    smtp_server(server := Scripted(data={"c0": "drop"}))
    make_customers(2, now=now)
    run = make_run(now=now)
    Run.objects.update(transactional=True)
    assert deliver(run.id, clock=lambda: now) == 1
    before = Message.objects.get(customer__external_id="c0")
    assert (before.state, before.attempts) == ("pending", 1)
    server.data.clear()
    assert deliver(run.id, clock=lambda: now + timedelta(minutes=2)) == 1
    after = Message.objects.get(customer__external_id="c0")
    assert (after.state, after.attempts, after.message_id) == ("sent", 2, before.message_id)
    assert server.asked["c0"] == 2


def test_a_swept_transactional_message_is_sent_again_three_times_at_most(source, now):
    make_customers(1, now=now)
    run = make_run(now=now)
    Run.objects.update(transactional=True)
    for expected in ("pending", "pending", "uncertain"):
        messages = claim(run.id, now=now, policy=DEFAULT)
        mark_sending(run.id, messages, now=now, policy=DEFAULT)
        now += DEFAULT.patience + timedelta(seconds=1)
        sweep(now=now)
        assert Message.objects.get().state == expected


def test_a_retry_writes_to_exactly_those_who_did_not_get_it(source, smtp_server, now):
    smtp_server(
        server := Scripted(rcpt={"c1": "550 5.7.1 no", "c2": "550 5.1.1 unknown"}, data={"c3": "drop"})
    )
    make_customers(8, now=now)
    Consent.objects.filter(customer__external_id="c4").update(granted=False)
    context = "jsonb_build_object('variant', external_id) || CASE external_id"
    context += (
        " WHEN 'c5' THEN '{\"poison\": true}' WHEN 'c6' THEN '{\"skip\": \"no_coupon\"}' ELSE '{}' END::jsonb"
    )
    run = make_run(now=now, context=context, held_out="external_id = 'c7'")
    for hours in range(4):
        deliver(run.id, clock=lambda h=hours: now + timedelta(hours=h))
    assert states(run) == {
        ("sent", ""): 1,
        ("failed", "refused"): 1,
        ("failed", "bounced"): 1,
        ("uncertain", ""): 1,
        ("skipped", "no_consent"): 1,
        ("failed", "broken"): 1,
        ("skipped", "no_coupon"): 1,
        ("held_out", ""): 1,
    }
    uncertain = Message.objects.get(state="uncertain")
    with pytest.raises(ValueError, match="bounced"):
        retry(run, reasons=["bounced"], now=now)
    assert Run.objects.count() == 1

    server.rcpt.clear()
    server.data.clear()
    again = retry(
        run, reasons=["refused", "no_coupon"], uncertain=True, user=User.objects.create_user("alice"), now=now
    )
    assert (again.launch, again.retry_of, again.audience) == ("1+1", run, 3)
    assert states(run)["failed", "retried"] == 1
    frozen = Message.objects.filter(run=again).values_list("customer__external_id", "context__variant")
    assert dict(frozen) == {"c1": "c1", "c3": "c3", "c6": "c6"}
    before = Counter(server.asked)
    assert deliver(again.id, clock=lambda: now) == 2
    assert server.asked - before == {"c1": 1, "c3": 1}
    assert Message.objects.get(run=again, customer=uncertain.customer_id).message_id == uncertain.message_id
    assert Run.objects.get(pk=run.pk).audience == 8
    assert Event.objects.filter(type="message_sent").count() == 3
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after["messages"], entry.after["run"]) == ("retry_run", 3, str(run.pk))

    # Who got it by now is left alone; who still has not may be tried once more, from either run.
    assert retry(run, reasons=["refused"], uncertain=True, now=now) is None
    third = retry(run, reasons=["no_coupon"], now=now)
    assert (third.launch, third.audience) == ("1+2", 1)
    assert retry(again, reasons=["no_coupon"], now=now) is None


def test_a_retry_of_one_occurrence_does_not_look_at_another(source, smtp_server, now):
    smtp_server(Scripted(rcpt={"c0": "550 5.7.1 no"}))
    make_customers(1, now=now)
    monday = make_run(now=now, launch_key="2026-11-16")
    deliver(monday.id, clock=lambda: now)
    make_run(now=now, launch_key="2026-11-23")
    assert retry(monday, reasons=["refused"], now=now).launch == "2026-11-16+1"


def test_two_retries_at_once_are_one(source, smtp_server, now):
    smtp_server(Scripted(rcpt={f"c{i}": "550 5.7.1 no" for i in range(20)}))
    make_customers(20, now=now)
    run = make_run(now=now)
    deliver(run.id, clock=lambda: now)
    barrier = threading.Barrier(4)
    made = []

    def rival():
        barrier.wait()
        made.append(retry(run, reasons=["refused"], now=now))
        connection.close()

    threads = [threading.Thread(target=rival) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(r.audience if r else 0 for r in made) == [0, 0, 0, 20]
    assert Run.objects.count() == 2


def test_what_comes_too_late_is_left_out_before_it_is_rendered_and_by_the_sweeper(source, smtp_server, now):
    smtp_server(server := Scripted())
    make_customers(4, now=now)
    run = make_run(now=now)
    Message.objects.filter(customer__external_id__in=["c0", "c1"]).update(expires_at=now + timedelta(hours=1))
    assert deliver(run.id, clock=lambda: now + timedelta(hours=1)) == 2
    assert states(run) == {("sent", ""): 2, ("skipped", "expired"): 2}
    assert sorted(name for name, _ in server.accepted) == ["c2", "c3"]
    assert [len(batch) for batch in source.rendered] == [2]

    paused = make_run(now=now, reference="summer")
    Run.objects.filter(pk=paused.pk).update(state="paused")
    Message.objects.filter(run=paused, customer__external_id="c0").update(expires_at=now)
    assert sweep(now=now).expired == 1
    assert states(paused) == {("skipped", "expired"): 1, ("pending", ""): 3}


def test_those_held_out_have_their_would_be_message_recorded_before_the_run_ends(
    source, smtp_server, now, monkeypatch
):
    smtp_server(server := Scripted())
    make_customers(6, now=now)
    run = make_run(now=now, held_out="external_id IN ('c0', 'c1')")
    asked = []

    def would_be(run, messages, at):
        asked.append(len(messages))
        return {m.id: m.context | {"products": [m.customer_id]} for m in messages}

    monkeypatch.setattr(source, "would_be", would_be, raising=False)
    deliver(run.id, clock=lambda: now)
    held_out = Message.objects.filter(state="held_out")
    assert {m.context["products"][0] == m.customer_id for m in held_out} == {True}
    assert asked == [2]
    assert len(server.accepted) == 4
    assert Run.objects.get().state == "finished"


def test_a_run_with_everybody_held_out_is_taken_up_by_the_sweeper_and_ends(source, now):
    make_customers(2, now=now)
    run = make_run(now=now, held_out="true")
    swept = sweep(now=now)
    assert (swept.finished, swept.runs_to_wake) == (0, [run.id])
    assert deliver(run.id, clock=lambda: now) == 0
    assert Run.objects.get().state == "finished"
