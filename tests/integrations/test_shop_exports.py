"""Exports of Shopify, WooCommerce and Youzan: read as they come, with what is peculiar to each."""

import pytest

from catalog.models import Product
from customers.models import Consent, Customer
from events.models import Event, EventType
from events.services import ingest
from integrations import services
from integrations.models import ImportRowError
from tests.factories.imports import NOW, checked_only, imported, uploaded, worked
from tests.factories.shop_files import (
    SHOPIFY_CUSTOMERS,
    SHOPIFY_ORDERS,
    WOO_CUSTOMERS,
    WOO_ORDERS,
    YOUZAN_CUSTOMERS,
    YOUZAN_ORDERS,
)

pytestmark = pytest.mark.django_db


def test_shopify_orders():
    run = imported(SHOPIFY_ORDERS, kind="orders", source="shopify")
    rows = Event.objects.order_by("message_id").values_list(
        "message_id", "type", "product__sku", "quantity", "amount", "customer__first_name"
    )
    assert [(m, t, s, q and int(q), str(a), n) for m, t, s, q, a, n in rows] == [
        # 5.00 off 30.00 shared out by amount, to the cent.
        ("order-#1001-1", "purchase", "TEA-G", 1, "8.33", "Ann"),
        ("order-#1001-2", "purchase", "CUP", 2, "16.67", "Ann"),
        ("order-#1001-refund", "refund", None, None, "2.00", "Ann"),
        ("order-#1002-1", "purchase", "Black tea", 1, "9.00", "Bob"),
        ("order-#1005-1", "purchase", "TEA-B", 1, "9.00", "Eve"),
        ("order-#1005-cancel", "cancel", None, None, "None", "Eve"),
        ("order-#1005-refund", "refund", None, None, "9.00", "Eve"),
        ("order-#1006-1", "checkout", "TEA-B", 1, "9.00", "Flo"),
    ]
    # The ticked box counts from the order on; the one left empty withdraws nothing.
    assert [(c.customer.first_name, c.granted) for c in Consent.objects.select_related("customer")] == [
        ("Ann", True)
    ]
    assert Consent.objects.get().since.isoformat() == "2026-01-02T15:00:00+00:00"
    assert Product.objects.get(sku="CUP").name == "Cup"
    assert run.accepted == 5
    # A later export tells of a refund: only that is new.
    later = SHOPIFY_ORDERS.replace(",0.00,9002,", ",9.00,9002,")
    assert imported(later, kind="orders", source="shopify").accepted == 0
    assert Event.objects.filter(message_id="order-#1002-refund", amount=9).count() == 1


def test_shopify_customers():
    imported(SHOPIFY_CUSTOMERS, kind="", source="")
    ann, bob = Customer.objects.order_by("external_id")
    assert (ann.external_id, ann.email, ann.phone, ann.country) == (
        "7001",
        "ann@shop.example",
        "+12025550143",
        "US",
    )
    assert ann.attributes == {"tags": "vip, tea", "city": "Boston"}
    assert (bob.external_id, bob.phone, bob.attributes) == ("7002", "+49301234567", {"city": "Berlin"})
    states = {(c.customer_id, c.channel): c.granted for c in Consent.objects.all()}
    assert states == {
        (ann.pk, "email"): True, (ann.pk, "sms"): False, (bob.pk, "email"): False, (bob.pk, "sms"): True,
    }  # fmt: skip


def test_buyers_known_by_their_address_get_the_ids_of_a_later_file():
    imported(SHOPIFY_ORDERS, kind="orders", source="shopify")
    ann = Customer.objects.get(email_domain="shop.example", first_name="Ann")
    assert (ann.external_id[:6], ann.own_id) == ("email-", False)
    ours, buyers = ann.external_id, Customer.objects.count()
    checked = checked_only(SHOPIFY_CUSTOMERS, kind="customers", source="shopify")
    assert (checked.report["new"], checked.report["changed"], checked.report["rejected"]) == (0, 2, 0)
    run = imported(SHOPIFY_CUSTOMERS, kind="customers", source="shopify")
    assert (run.accepted, run.changed, run.rejected) == (0, 2, 0)
    ann.refresh_from_db()
    assert (ann.external_id, ann.own_id, Customer.objects.count()) == ("7001", True, buyers)
    assert imported(SHOPIFY_ORDERS, kind="orders", source="shopify").accepted == 0, (
        "the same people and orders"
    )
    assert Customer.objects.count() == buyers
    worked(run, "undo")
    ann.refresh_from_db()
    assert (ann.external_id, ann.own_id) == (ours, False)


def test_an_address_gives_its_customer_one_id():
    ingest([{"message_id": "m", "type": "visit", "customer": {"email": "x@y.example"}}], now=NOW)
    ours = Customer.objects.get()
    rows = "customer_id,email\na,\na,x@y.example\nb,x@y.example\na,\n"
    checked = checked_only(rows, kind="customers")
    run = imported(rows, kind="customers")
    assert (run.rejected, checked.report["rejected"]) == (1, 1)
    assert ImportRowError.objects.get(run=run).line == 4
    assert Customer.objects.get().pk == ours.pk
    assert Customer.objects.get().external_id == "a"


def test_woocommerce(settings):
    settings.SHOP_EXCHANGE_RATES = {"EUR": "1.10"}
    imported(WOO_CUSTOMERS, kind="", source="")
    gil = Customer.objects.get(external_id="11")
    assert (gil.first_name, gil.phone, gil.locale) == ("Gil", "+49307654321", "de_DE")
    run = imported(WOO_ORDERS, kind="", source="")
    assert (run.kind, run.source, run.rejected) == ("orders", "woocommerce", 0)
    rows = Event.objects.order_by("message_id").values_list(
        "message_id", "type", "original_amount", "amount", "customer__external_id"
    )
    assert [(m, t, str(o), str(a), c) for m, t, o, a, c in rows] == [
        ("order-501-1", "purchase", "20.000", "22.00", "11"),
        ("order-501-2", "purchase", "9.000", "9.90", "11"),
        ("order-501-2-refund", "refund", "4.500", "4.95", "11"),
        ("order-502-1", "purchase", "9.000", "9.90", "12"),
        ("order-502-cancel", "cancel", "None", "None", "12"),
    ]


def test_youzan(settings):
    settings.SHOP_EXCHANGE_RATES = {"CNY": "0.14"}
    run = uploaded(YOUZAN_ORDERS.encode("gb18030"))
    services.map_columns(run, mapping={}, options={"encoding": "gb18030"}, now=NOW) if run.shape[
        "encoding"
    ] != "gb18030" else None
    run.refresh_from_db()
    assert (run.kind, run.source) == ("orders", "youzan")
    services.map_columns(run, mapping=run.mapping, options=run.options, now=NOW)
    worked(run, "run")
    rows = Event.objects.order_by("message_id").values_list(
        "type", "product__name", "original_amount", "currency"
    )
    assert [(t, n, str(o), c) for t, n, o, c in rows] == [
        ("purchase", "龙井茶", "188.000", "CNY"),
        ("purchase", "茶杯", "20.000", "CNY"),
        ("refund", "茶杯", "20.000", "CNY"),
        ("checkout", "龙井茶", "99.000", "CNY"),
    ]
    # Beijing time.
    assert (
        Event.objects.filter(type=EventType.PURCHASE).first().occurred_at.isoformat()
        == "2026-01-01T04:00:00+00:00"
    )
    imported(YOUZAN_CUSTOMERS, kind="", source="")
    fang = Customer.objects.get(phone__isnull=False, attributes__level="金卡")
    assert (fang.phone, fang.last_name, fang.attributes["gender"]) == ("+8613800138000", "王芳", "女")
