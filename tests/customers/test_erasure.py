"""Somebody is forgotten everywhere, and again after a restore."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import audit
from accounts.models import AuditEntry, User
from campaigns.coupons.models import Coupon
from core.encryption import keyed_hash
from core.models import IdempotencyKey
from customers.erasure import erase, erase_again, erase_waiting, read_journal, request_erasure
from customers.export import export_customer
from customers.identity import merging
from customers.models import Customer, ErasureRequest, Identifier, Suppression
from customers.registries import erasers
from customers.services import upsert_customers
from delivery.models import Message, ReceivedMail, Run
from events.models import Event, EventKey, QuarantinedEvent
from events.services import ingest
from integrations.models import ImportRowError, ImportRun
from tests.factories.coupons import CouponFactory
from tests.factories.customers import make_customer
from tests.factories.events import event
from tests.factories.shop import NOW, open_shop
from tests.factories.tables import RECORDS, checksums

DAY = timedelta(days=1)
LATER = datetime(2026, 3, 2, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def journal(settings, tmp_path):
    settings.ERASURE_JOURNAL = tmp_path / "erasures.jsonl"
    return settings.ERASURE_JOURNAL


def forget(customer, now=LATER):
    return erase(request_erasure(customer, now=now, actor="till").pk, now=now)


def everything() -> str:
    """Return every row of every table as one text, but the keyed hashes that are meant to stay."""
    from django.apps import apps

    texts = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.managed:
                cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {model._meta.db_table} t")
                texts.append(cursor.fetchone()[0])
    return "\n".join(texts)


def test_of_a_person_in_a_busy_shop_nothing_is_left(settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    settings.SHOP_AS_OF = NOW.isoformat()
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"
    open_shop()
    upsert_customers(
        [
            {
                "external_id": "c1-old",
                "email": "ann.old@demo.invalid",
                "phone": "+4930555123",
                "first_name": "Annaold",
            }
        ],
        NOW,
    )  # fmt: skip
    ann = Customer.objects.get(external_id="c1")
    old = Customer.objects.get(external_id="c1-old")
    Customer.objects.filter(pk=ann.pk).update(first_name="Annabel", last_name="Winterbottom")
    ann.refresh_from_db()
    merging.merge(ann, old, now=NOW)
    ingest(
        [
            event("review-1", type="review", customer="c1", sku="p1", order_id=None, quantity=None,
                  amount=None, properties={"text": "Annabel says hello"}),
            event("tomorrow", customer="c1", occurred_at=(NOW + 9 * DAY).isoformat()),
        ],
        now=NOW,
    )  # fmt: skip
    CouponFactory(customer=ann, assigned_for="x", assigned_at=NOW, created_at=NOW, code="SPRING-1")
    audit.record(action="change", target=ann, now=NOW)
    LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(Customer), object_id=str(ann.pk), object_repr=str(ann),
        action_flag=2, user=User.objects.get(username="alice"), change_message="Annabel",
    )  # fmt: skip
    run = ImportRun.objects.create(dataset="x", kind="customers", source="x", started_at=NOW)
    ImportRowError.objects.create(run=run, line=1, reason="bad", raw="c1,Annabel,c1@demo.invalid")
    other = ImportRowError.objects.create(run=run, line=2, reason="bad", raw="c11,Bob,bob@demo.invalid")
    IdempotencyKey.objects.create(
        scope="s", key="k", fingerprint="f", status=200, body={"external_id": "c1", "first_name": "Annabel"},
        created_at=NOW,
    )  # fmt: skip
    sales = Event.objects.filter(customer=ann, type="purchase").count()
    revenue = sum(Event.objects.filter(type="purchase").values_list("amount", flat=True))
    everybody = dict(Event.objects.exclude(customer=ann).values_list("id", "customer_id"))
    audience = {run.pk: Message.objects.filter(run=run).count() for run in Run.objects.all()}
    assert sales
    assert Message.objects.filter(customer=ann).exists()

    done = forget(ann)

    left = everything()
    for word in (
        "Annabel",
        "Winterbottom",
        "Annaold",
        "c1@demo.invalid",
        "ann.old@",
        "c1-old",
        "+4930555123",
    ):
        assert word not in left, word
    assert done.state == "done"
    assert done.rows["events.event"] == sales + 1
    assert not Customer.objects.filter(external_id="c1").exists()
    assert not Identifier.objects.filter(customer=ann.pk).exists()
    assert sum(Event.objects.filter(type="purchase").values_list("amount", flat=True)) == revenue
    assert dict(Event.objects.exclude(customer=None).values_list("id", "customer_id")) == everybody
    assert set(Event.objects.filter(customer=None).values_list("actor_id", "order_id", "properties")) == {
        (None, None, None)
    }
    assert not QuarantinedEvent.objects.exists()
    assert EventKey.objects.filter(message_id="review-1").exists()
    assert {run.pk: Message.objects.filter(run=run).count() for run in Run.objects.all()} == audience
    assert not Message.objects.filter(customer_id__gt=0, customer_id=ann.pk).exists()
    assert not ReceivedMail.objects.exists()
    coupon = Coupon.objects.get(code="SPRING-1")
    assert (coupon.customer_id, coupon.limit, coupon.used) == (None, 0, 0)
    assert ImportRowError.objects.get(pk=other.pk).raw
    for address in ("c1@demo.invalid", "ann.old@demo.invalid"):
        assert Suppression.objects.get(address_hash=keyed_hash("email", address)).reason == "erased"
    assert audit.first_broken() is None


def test_what_was_erased_comes_back_by_no_repeat():
    ada = make_customer("ada", email="ada@example.com")
    ingest([event("m1", customer="ada")], now=NOW)
    forget(ada)
    assert ingest([event("m1", customer="ada")], now=LATER).duplicates == 1
    assert not Customer.objects.exists()


def test_erasing_twice_finds_nobody():
    done = forget(make_customer("ada"))
    before = checksums(without=RECORDS | {"customers.erasurerequest"})
    assert erase(done.pk, now=LATER).rows == done.rows
    assert checksums(without=RECORDS | {"customers.erasurerequest"}) == before


def test_a_second_wish_is_the_first_one():
    ada = make_customer("ada")
    first = request_erasure(ada, now=NOW)
    assert request_erasure(ada, now=LATER) == first
    assert AuditEntry.objects.filter(action="request_erasure").count() == 1


def test_after_a_restore_the_person_is_forgotten_again(journal, capsys):
    ada = make_customer("ada", email="ada@example.com")
    make_customer("bob", email="bob@example.com")
    forget(ada)
    entry = next(read_journal(journal))
    assert not re.search(r"\bada\b", json.dumps(entry))  # the letters may stand in a hash
    # A backup from before the request: the person is there, the request is not.
    ErasureRequest.objects.all().delete()
    make_customer("ada", email="ada@example.com")
    call_command("erase", "--again")
    assert capsys.readouterr().out == "1 erasures replayed; 1 people had come back.\n"
    assert set(Customer.objects.values_list("external_id", flat=True)) == {"bob"}
    assert erase_again(journal, now=LATER) == (1, 0)


def test_who_came_anew_is_somebody_new(journal):
    forget(make_customer("ada", email="ada@example.com"))
    again = make_customer("ada", email="ada@example.com", now=LATER + DAY)
    assert erase_again(journal, now=LATER + 2 * DAY)[1] == 0
    assert Customer.objects.get() == again


def test_a_journal_with_a_torn_line_is_read(journal):
    forget(make_customer("ada"))
    with journal.open("ab") as lines:
        lines.write(b'{"id": "0')
    assert len(list(read_journal(journal))) == 1
    assert journal.stat().st_mode & 0o777 == 0o600


def test_what_fails_leaves_everything_and_is_tried_again(monkeypatch):
    ada = make_customer("ada")
    asked = request_erasure(ada, now=NOW)
    name, _eraser = list(erasers)[-1]

    def fail(person, now):
        raise RuntimeError("disk")

    before = checksums(without=RECORDS | {"customers.erasurerequest"})
    with monkeypatch.context() as patch:
        patch.setitem(erasers._entries, name, type("Broken", (), {"erase": staticmethod(fail)})())
        assert erase_waiting(LATER) == 0
    asked.refresh_from_db()
    assert (asked.state, asked.error) == ("failed", "RuntimeError")
    assert checksums(without=RECORDS | {"customers.erasurerequest"}) == before
    assert erase_waiting(LATER) == 1
    assert not Customer.objects.exists()


def test_the_command_erases_by_id_and_says_what_is_wrong():
    make_customer("ada")
    call_command("erase", "ada", verbosity=0)
    assert not Customer.objects.exists()
    with pytest.raises(CommandError, match="no customer “ada”"):
        call_command("erase", "ada")
    with pytest.raises(CommandError, match="--again"):
        call_command("erase")


def test_an_export_says_everything_and_nothing_about_others():
    ada = make_customer("ada", email="ada@example.com", birthday="1990-12-31", attributes={"size": "M"})
    make_customer("bob", email="bob@example.com")
    ingest(
        [event(f"m{i}", customer="ada", amount={"amount": "1.10", "currency": "USD"}) for i in range(3)]
        + [event("b1", customer="bob")],
        now=NOW,
    )
    body = export_customer(ada, now=LATER)
    text = json.dumps(body)
    assert body["customer"]["email"] == "ada@example.com"
    assert body["customer"]["birthday"] == "1990-12-31"
    assert [row["message_id"] for row in body["data"]["events.event"]] == ["m0", "m1", "m2"]
    assert Decimal(body["data"]["events.event"][0]["amount"]) == Decimal("1.10")
    assert {row["kind"] for row in body["data"]["customers.identifier"]} == {"external_id", "email"}
    assert "bob" not in text
