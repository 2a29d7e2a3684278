"""What follows from a bounce or a complaint, once, and only for who it is about."""

import mailbox
import threading
from datetime import timedelta
from email.utils import parseaddr

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from core import clock
from core.encryption import keyed_hash
from customers.models import Consent, ConsentEvent, Customer, Suppression
from delivery import sink as sink_module
from delivery.identity import unsubscribe_url
from delivery.models import Message, ReceivedMail, Return
from delivery.outbox.send import deliver
from delivery.returns import verp
from delivery.returns.inbox import take_mail
from delivery.returns.models import BounceClass, ReturnKind
from delivery.returns.services import Returned, take
from delivery.tokens import InvalidToken
from events.models import Event
from tests.delivery.returns import reports
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db

BOUNCE = "bounce@mail.shop.example"


@pytest.fixture(autouse=True)
def collected(settings):
    settings.BOUNCE_ADDRESS = BOUNCE


@pytest.fixture
def messages(source, now):
    make_customers(3, now=now)
    run = make_run(now=now)
    Message.objects.filter(run=run).update(state="sent", sent_at=now)
    return list(Message.objects.filter(run=run).select_related("run").order_by("customer_id"))


def address_of(message):
    return verp.return_path(message, keyed_hash("email", Customer.objects.get(pk=message.customer_id).email))


def suppressed():
    return sorted(Suppression.objects.values_list("reason", flat=True))


class TestVerp:
    def test_an_address_names_its_message_and_fits_a_local_part(self, messages):
        address = address_of(messages[0])
        local, _, domain = address.rpartition("@")
        assert (len(local), domain) == (63, "mail.shop.example")
        found = verp.read(address.upper())
        assert (found.run_id, found.message) == (messages[0].run_id, messages[0].pk)
        assert keyed_hash("email", "c0@demo.invalid").startswith(found.hash_start)
        assert len(found.hash_start) == 8

    def test_forged_ones_are_refused(self, messages):
        good = address_of(messages[0])
        local, _, domain = good.rpartition("@")
        swapped = ("a" if local[10] != "a" else "b") + local[11:]
        for bad in (
            f"{local[:10]}{swapped}@{domain}", f"{local[:-1]}@{domain}", f"{local}a@{domain}",
            f"{local}@evil.example",
            f"bounce+@{domain}", f"bounce@{domain}", f"bounce+!!!@{domain}", "", "@", f"bounce+é@{domain}",
        ):  # fmt: skip
            with pytest.raises(InvalidToken):
                verp.read(bad)

    def test_without_a_bounce_address_mail_goes_as_its_sender(self, messages, settings):
        settings.BOUNCE_ADDRESS = ""
        assert address_of(messages[0]) == ""
        assert not verp.is_ours("bounce@mail.shop.example")


def test_a_hard_bounce_suppresses_the_address_and_is_on_the_timeline(messages, now):
    raw = reports.dsn()
    assert take_mail(raw, recipient=address_of(messages[0]), now=now)
    back = Return.objects.get()
    assert (back.kind, back.bounce_class, back.status, back.customer_id) == (
        "bounce", "hard", "5.1.1", messages[0].customer_id,
    )  # fmt: skip
    assert (back.run_id, back.message) == (messages[0].run_id, messages[0].pk)
    ban = Suppression.objects.get()
    assert (ban.reason, ban.until, ban.address_hash) == (
        "bounced",
        None,
        keyed_hash("email", "c0@demo.invalid"),
    )
    event = Event.objects.get()
    assert (event.type, event.customer_id, event.properties["class"]) == (
        "message_bounced", messages[0].customer_id, "hard",
    )  # fmt: skip
    # Told again, by mail or by another way: nothing happens twice.
    assert not take_mail(raw, recipient=address_of(messages[0]), now=now + timedelta(hours=1))
    assert not take_mail(
        reports.dsn(words="Once more"), recipient=address_of(messages[0]), source="other", now=now
    )
    assert (Return.objects.count(), Event.objects.count(), Suppression.objects.count()) == (1, 1, 1)
    assert Consent.objects.filter(granted=True).count() == 3


def test_a_bounce_about_a_message_that_only_names_itself_is_not_believed(messages, now):
    victim = reports.dsn()
    for recipient in (
        "bounce@mail.shop.example",
        "shop@shop.example",
        "",
        "bounce+aaaaaaaa@mail.shop.example",
    ):
        assert not take_mail(victim, recipient=recipient, now=now)
    forged = address_of(messages[0])
    forged = forged.replace(forged[10:14], "aaaa" if forged[10:14] != "aaaa" else "bbbb")
    assert not take_mail(victim, recipient=forged, now=now)
    assert not Return.objects.exists()
    assert not Suppression.objects.exists()


def test_the_recipient_that_a_report_names_is_never_believed(messages, now):
    """Whoever got a mail knows its bounce address, and could write a report about somebody else."""
    raw = reports.dsn().replace(b"c0@demo.invalid", b"c1@demo.invalid")
    assert take_mail(raw, recipient=address_of(messages[0]), now=now)
    assert Suppression.objects.get().address_hash == keyed_hash("email", "c0@demo.invalid")


def test_who_changed_address_since_is_not_suppressed(messages, now):
    address = address_of(messages[0])
    Customer.objects.filter(pk=messages[0].customer_id).update(email="")
    customer = Customer.objects.get(pk=messages[0].customer_id)
    customer.email = "new@demo.invalid"
    customer.save()
    assert take_mail(reports.dsn(), recipient=address, now=now)
    assert Return.objects.get().address_hash == ""
    assert not Suppression.objects.exists()


def test_refusals_for_other_reasons_leave_the_address_alone(messages, now):
    take_mail(
        reports.dsn(status="5.7.1", diagnostic="smtp; 550 spam"), recipient=address_of(messages[0]), now=now
    )
    away = reports.plain("Away", sender="c1@demo.invalid", subject="Out of office")
    assert take_mail(away, recipient=address_of(messages[1]), now=now)
    take_mail(reports.dsn(action="delayed", status="4.4.1"), recipient=address_of(messages[2]), now=now)
    assert sorted(Return.objects.values_list("bounce_class", flat=True)) == ["auto_reply", "block", "delayed"]
    assert not Suppression.objects.exists()
    assert [e.properties["class"] for e in Event.objects.all()] == ["block"]


def test_soft_bounces_of_different_messages_give_an_address_up(messages, source, now, settings):
    customer = messages[0].customer_id
    soft = reports.dsn(status="4.2.2", diagnostic="smtp; 452 full")
    start = now - timedelta(days=20)
    for n, day in enumerate((0, 10, 12)):
        run = make_run(now=now, reference=f"soft{n}", where=f"id = {customer}")
        address = address_of(Message.objects.select_related("run").get(run=run))
        for _ in range(2):
            take_mail(soft, recipient=address, now=start + timedelta(days=day))
        assert suppressed() == (["bounced"] if n == 2 else []), n
    assert Return.objects.count() == 3


def test_soft_bounces_far_apart_do_not(messages, source, now):
    customer = messages[0].customer_id
    soft = reports.dsn(status="4.2.2", diagnostic="smtp; 452 full")
    for n, day in enumerate((0, 14, 28)):
        run = make_run(now=now, reference=f"soft{n}", where=f"id = {customer}")
        take_mail(soft, recipient=address_of(Message.objects.select_related("run").get(run=run)),
                  now=now + timedelta(days=day))  # fmt: skip
    assert suppressed() == []


@pytest.mark.parametrize("where", ["envelope", "returned", "link"])
def test_a_complaint_ends_it(messages, now, where):
    message = messages[0]
    Consent.objects.create(
        customer_id=message.customer_id, channel="email", topic="newsletter", granted=True, since=now
    )
    Consent.objects.create(
        customer_id=message.customer_id, channel="sms", topic="marketing", granted=True, since=now
    )
    raw = reports.arf(
        mail_from=address_of(message) if where == "envelope" else "",
        sender=address_of(message) if where == "returned" else "",
        unsubscribe=unsubscribe_url(message) if where == "link" else "",
    )
    assert take_mail(raw, recipient=BOUNCE, now=now)
    assert suppressed() == ["complained"]
    state = dict(
        Consent.objects.filter(customer=message.customer_id)
        .values_list("topic", "granted")
        .filter(channel="email")
    )
    assert state == {"marketing": False, "newsletter": False}
    assert Consent.objects.get(channel="sms").granted
    assert Consent.objects.filter(granted=True).exclude(customer=message.customer_id).count() == 2
    proof = ConsentEvent.objects.filter(topic="marketing").get()
    assert (proof.source, proof.proof["message"]) == ("complaint", message.pk)
    assert not take_mail(raw, recipient=BOUNCE, now=now)
    assert Event.objects.filter(type="message_complained").count() == 1
    assert ConsentEvent.objects.count() == 2


def test_who_only_asked_to_leave_did_not_complain(messages, now):
    raw = reports.arf(kind="opt-out", unsubscribe=unsubscribe_url(messages[0]))
    assert take_mail(raw, recipient=BOUNCE, now=now)
    assert not Return.objects.exists()
    assert not Suppression.objects.exists()
    assert not Consent.objects.get(customer=messages[0].customer_id).granted
    assert not take_mail(
        reports.arf(kind="not-spam", unsubscribe=unsubscribe_url(messages[1])), recipient=BOUNCE, now=now
    )
    assert Consent.objects.get(customer=messages[1].customer_id).granted


def test_a_thousand_cost_as_many_statements_as_one(messages, now, django_assert_max_num_queries):
    def returned(n):
        return Returned(kind=ReturnKind.BOUNCE, bounce_class=BounceClass.HARD, source="x", occurred_at=now,
                        address_hash=f"{n:064x}", told_as=str(n))  # fmt: skip

    with django_assert_max_num_queries(9):
        assert take([returned(n) for n in range(1000)], now=now) == 1000
    assert take([returned(n) for n in range(1001)], now=now) == 1
    assert Suppression.objects.count() == 1001
    assert not Event.objects.exists()  # they belong to nobody that we know


@pytest.mark.django_db(transaction=True)
def test_the_same_report_at_once_counts_once(messages, now):
    address = address_of(messages[0])
    barrier = threading.Barrier(4)
    told = []

    def rival():
        barrier.wait()
        told.append(take_mail(reports.dsn(), recipient=address, now=now))
        connection.close()

    threads = [threading.Thread(target=rival) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(told) == [False, False, False, True]
    assert (Return.objects.count(), Event.objects.count(), Suppression.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_mail_goes_out_with_its_bounce_address_and_a_report_finds_its_way_back(source, sink, now):
    make_customers(2, now=now)
    run = make_run(now=now)
    assert deliver(run.id, clock=clock.now) == 2
    mail = ReceivedMail.objects.get(envelope_to="c0@demo.invalid")
    assert verp.read(mail.envelope_from).run_id == run.id
    assert parseaddr(mail.sender)[1] == "shop@example.com"
    assert take_mail(reports.dsn(sender=mail.envelope_from), recipient=mail.envelope_from, now=now)
    assert Suppression.objects.get().address_hash == keyed_hash("email", "c0@demo.invalid")
    summer = make_run(now=now, reference="summer")
    assert deliver(summer.id, clock=clock.now) == 1
    assert not ReceivedMail.objects.filter(
        envelope_to="c0@demo.invalid", received_at__gt=mail.received_at
    ).exists()


def test_the_sink_reads_what_comes_to_the_bounce_address(messages, now):

    address = address_of(messages[0])
    mail = sink_module.received_mail(reports.dsn(), "", address, now)
    assert (
        sink_module._insert([mail, sink_module.received_mail(reports.dsn(), "", "c0@demo.invalid", now)])
        == sink_module.OK
    )
    assert (Return.objects.count(), ReceivedMail.objects.count()) == (1, 2)


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_mailboxes_are_read(messages, now, tmp_path, capsys, kind):
    place = tmp_path / "box"
    box = mailbox.Maildir(place) if kind == "maildir" else mailbox.mbox(place)
    for raw in (reports.dsn(sender=address_of(messages[0])), reports.plain("hello", sender="x@y.example")):
        box.add(raw)
    box.close()
    for new in (1, 0):
        call_command("read_bounces", str(place))
        assert capsys.readouterr().out == f"2 mails read, {new} of them new bounces or complaints\n"
    with pytest.raises(CommandError):
        call_command("read_bounces", str(tmp_path / "none"))
    with pytest.raises(CommandError):
        call_command("read_bounces", "imap://127.0.0.1:1/INBOX")
