"""Orders whose lines stand in one row, and what discounts become."""

import orjson
import pytest

from events.models import Event
from integrations import services
from integrations.imports.kinds.order_lines import target_of, unfolded
from tests.factories.imports import NOW, imported, uploaded, worked
from tests.factories.shop_files import SHOPIFY_ORDERS, WOO_WIDE_ORDERS, YOUZAN_ORDER_LIST, YOUZAN_ORDERS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rates(settings):
    settings.SHOP_EXCHANGE_RATES = {"EUR": "1.10", "CNY": "0.14"}


def stored():
    rows = Event.objects.order_by("message_id").values_list(
        "message_id", "type", "product__sku", "quantity", "original_amount", "discount"
    )
    return [
        (m, t, s, q and f"{q:.0f}", a and f"{a:.2f}", d if d is None else f"{d:.2f}")
        for m, t, s, q, a, d in rows
    ]


def test_a_woocommerce_order_is_unfolded_into_its_lines():
    run = uploaded(WOO_WIDE_ORDERS)
    assert (run.kind, run.source) == ("orders", "woocommerce")
    assert run.mapping["line_item_2"] == "lines.2"
    assert run.mapping["Product Item 3 Quantity"] == "lines.3.quantity"
    assert run.mapping["Product Item 1 id"] == ""
    services.map_columns(run, mapping=run.mapping, options=run.options, now=NOW)
    worked(run, "check")
    assert (run.report["new"], run.report["rejected"]) == (3, 1)
    worked(run, "run")
    assert stored() == [
        # 10 % were taken off, told by each line itself, in the shop's dollars.
        ("order-7001-1", "purchase", "MUG", "2", "18.00", "2.20"),
        ("order-7001-2", "purchase", "JAR", "1", "9.00", "1.10"),
        ("order-7001-2-refund", "refund", "JAR", None, "4.50", None),
        ("order-7002-1", "checkout", "Lid", "1", "5.00", "0.00"),
    ]
    assert [(e.line, "Line 1" in e.reason) for e in run.errors.filter(dry=False)] == [(4, True)]
    again = imported(WOO_WIDE_ORDERS, kind="orders", source="woocommerce")
    assert (again.accepted, again.duplicates) == (0, 3)
    worked(run, "undo")
    assert Event.objects.count() == 0


def test_the_columns_alone_tell_the_same():
    header, *rows = WOO_WIDE_ORDERS.splitlines()
    names = header.split(",")
    keep = [place for place, name in enumerate(names) if not name.startswith("line_item")]
    narrow = "\n".join(",".join(line.split(",")[p] for p in keep) for line in (header, *rows))
    run = imported(narrow, kind="orders", source="woocommerce")
    assert (run.rejected, run.accepted) == (0, 4)
    assert [row[0] for row in stored()] == ["order-7001-1", "order-7001-2", "order-7002-1", "order-7003-1"]
    assert stored()[0] == ("order-7001-1", "purchase", "MUG", "2", "18.00", "2.20")


def test_orders_in_json_lines_list_their_lines():
    order = {
        "order_id": "o-1", "ordered_at": "2026-01-02T10:00:00Z", "email": "lea@shop.example",
        "order_discount": 3,
        "lines": [{"sku": "A", "quantity": 2, "price": 10}, {"sku": "B", "quantity": 1, "price": 9.99}],
    }  # fmt: skip
    bad = {**order, "order_id": "o-2", "lines": [{"sku": ["A"], "quantity": True}]}
    worse = {**order, "order_id": "o-3", "lines": "sku"}
    run = imported(b"\n".join(map(orjson.dumps, (order, bad, worse))), kind="orders", source="erp")
    assert stored() == [
        ("order-o-1-1", "purchase", "A", "2", "18.00", "2.00"),
        ("order-o-1-2", "purchase", "B", "1", "8.99", "1.00"),
    ]
    reasons = dict(run.errors.values_list("line", "reason"))
    assert list(reasons) == [2, 3]
    assert "no text" in reasons[2]


def test_discounts_of_the_three_shop_systems():
    imported(SHOPIFY_ORDERS, kind="orders", source="shopify")
    imported(YOUZAN_ORDERS, kind="", source="")
    imported(YOUZAN_ORDER_LIST, kind="", source="")
    found = {row[0]: row[-2:] for row in stored() if row[-1] not in (None, "0.00")}
    assert found == {
        "order-#1001-1": ("8.33", "1.67"),
        "order-#1001-2": ("16.67", "3.33"),
        # 2 × 99 yuan, 188 were paid.
        "order-E2026010112000001-1": ("188.00", "1.40"),
        # Off the order; what was paid for its one line is told.
        "order-E2026010312000003-1": ("88.00", "1.68"),
    }


def test_columns_of_lines_are_known_by_their_names():
    named = ["line_item_12", "order_item_1", "Line Item 2 Price", "product_item_2_qty"]
    assert [target_of(c) for c in named] == ["lines.12", "lines.1", "lines.2.price", "lines.2.quantity"]
    others = ["line_item_0", "line_item", "Product Item 1 id", "line_item_1234"]
    assert [target_of(c) for c in others] == [""] * 4


def test_unused_columns_are_no_lines():
    row = {"order_id": "1", "lines.2.quantity": 0, "lines.2.line_total": 0, "lines.1.sku": "A"}
    assert unfolded(row) == [(1, {"order_id": "1", "sku": "A"})]
    assert unfolded({"order_id": "1", "order_total": 5}) == [(1, {"order_id": "1", "order_total": 5})]
