"""Files of every kind and format: what is stored, what is refused and why, what a dry run leaves alone."""

import gzip
import io
from decimal import Decimal

import polars as pl
import pytest

from accounts.models import AuditEntry
from catalog.models import Product
from customers.models import Consent, Customer, Suppression
from events.models import Event, EventKey, EventType
from events.services import ingest
from integrations import services
from integrations.imports.errors import BadFile, BadMapping
from integrations.imports.kinds import KINDS
from integrations.models import ImportChange, ImportRowError, ImportRun, ImportState, SavedMapping
from tests.factories.imports import NOW, imported, uploaded, worked
from tests.factories.shop_files import (
    SHOPIFY_CUSTOMERS,
    SHOPIFY_ORDERS,
    WOO_CUSTOMERS,
    WOO_ORDERS,
    YOUZAN_CUSTOMERS,
    YOUZAN_ORDERS,
)

pytestmark = pytest.mark.django_db

ROWS = {
    "customers": [
        {"customer_id": "c1", "email": "a@b.example", "first_name": "Zoë", "birthday": "1990-12-31"},
        {"customer_id": "c2", "email": "c@d.example", "first_name": "李雷", "birthday": None},
    ],
    "products": [
        {"sku": "s1", "name": "Tee", "price": "12.50", "stock": "3", "cost": "5", "category": "Drinks > Tea"},
        {"sku": "s2", "name": "杯子", "price": None, "stock": None, "cost": None, "category": None},
    ],
    "orders": [
        {"order_id": "o1", "order_date": "2026-01-02", "email": "a@b.example", "sku": "s1", "price": "2.50"},
        {"order_id": "o1", "order_date": None, "email": None, "sku": "s2", "price": "7"},
    ],
    "events": [
        {"event": "view", "timestamp": "2026-01-02T10:00:00Z", "customer_id": "c1", "sku": "s1"},
        {"event": "search", "timestamp": "2026-01-02T10:01:00Z", "customer_id": "c1", "query": "tea"},
    ],
    "consents": [
        {"customer_id": "known", "granted": "yes", "date": "2026-01-02", "channel": "email"},
        {"customer_id": "known", "granted": "否", "date": "2026-01-03", "channel": "sms"},
    ],
    "suppressions": [
        {"email": "a@b.example", "reason": "hard bounce"},
        {"email": "+49 30 123456", "reason": "unsubscribed"},
    ],
}
STORED = {
    "customers": lambda: list(
        Customer.objects.order_by("external_id").values_list("external_id", "first_name")
    ),
    "products": lambda: list(Product.objects.order_by("sku").values_list("sku", "name", "stock", "cost")),
    "orders": lambda: [(e.message_id, str(e.amount)) for e in Event.objects.order_by("message_id")],
    "events": lambda: sorted(Event.objects.values_list("type", flat=True)),
    "consents": lambda: list(Consent.objects.order_by("channel").values_list("channel", "granted")),
    "suppressions": lambda: list(Suppression.objects.order_by("channel").values_list("channel", "reason")),
}
EXPECTED = {
    "customers": [("c1", "Zoë"), ("c2", "李雷")],
    "products": [("s1", "Tee", 3, Decimal("5.00")), ("s2", "杯子", None, None)],
    "orders": [("order-o1-1", "2.50"), ("order-o1-2", "7.00")],
    "events": ["search", "view"],
    "consents": [("email", True), ("sms", False)],
    "suppressions": [("email", "bounced"), ("sms", "unsubscribed")],
}


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.IMPORT_FILES = str(tmp_path)
    return tmp_path


def written(frame: pl.DataFrame, form: str) -> bytes:
    """Write a table as a format."""
    if form == "parquet":
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        return buffer.getvalue()
    if form == "jsonl":
        return frame.write_ndjson().encode()
    if form == "semicolon-utf16":
        return frame.write_csv(separator=";").encode("utf-16")
    if form == "tab-gb18030-gzip":
        return gzip.compress(frame.write_csv(separator="\t").encode("gb18030"))
    return b"\xef\xbb\xbf" + frame.write_csv().encode()


@pytest.mark.parametrize("form", ["csv-bom", "jsonl", "parquet", "semicolon-utf16", "tab-gb18030-gzip"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_in_each_format(kind, form):
    if kind == "consents":
        Customer.objects.create(external_id="known", created_at=NOW, updated_at=NOW)
    content = written(pl.DataFrame(ROWS[kind]), form)
    run = imported(content, kind=kind, options={"encoding": "gb18030"} if "gb18030" in form else None)
    errors = list(run.errors.values_list("line", "reason"))
    assert (run.state, run.rows, run.accepted, errors) == (ImportState.DONE, 2, 2, [])
    assert STORED[kind]() == EXPECTED[kind]
    # Imported again, nothing is new, changed or rejected.
    again = imported(content, kind=kind, options={"encoding": "gb18030"} if "gb18030" in form else None)
    assert (again.accepted, again.changed, again.duplicates, again.rejected) == (0, 0, 2, 0)
    assert STORED[kind]() == EXPECTED[kind]
    worked(again, "undo")
    assert STORED[kind]() == EXPECTED[kind]
    worked(run, "undo")
    assert (STORED[kind]() == []) is (kind != "consents")
    assert ImportChange.objects.count() == 0


def checked_only(content, **members):
    run = uploaded(content, **members)
    services.map_columns(run, mapping=run.mapping, options=run.options, now=NOW)
    return worked(run, "check")


def test_a_dry_run_writes_nothing_but_its_report():
    run = uploaded(SHOPIFY_ORDERS)
    assert (run.kind, run.source) == ("orders", "shopify")
    services.map_columns(run, mapping=run.mapping, options=run.options, now=NOW)
    worked(run, "check")
    assert run.state == ImportState.CHECKED
    assert run.report == {"rows": 7, "new": 5, "changed": 0, "known": 0, "rejected": 2}
    assert [e.line for e in run.errors.all()] == [5, 6]
    for model in (Customer, Product, Event, EventKey, Consent, ImportChange):
        assert model.objects.count() == 0
    worked(run, "run")
    assert (run.rows, run.accepted, run.rejected) == (7, 5, 2)


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


def test_the_mapping_is_remembered_by_source():
    odd = "Nr;Post;Seit\n1;a@b.example;03/04/2026\n"
    run = uploaded(odd, kind="customers", source="till")
    assert run.mapping == {"Nr": "", "Post": "", "Seit": ""}
    mapping = {"Nr": "external_id", "Post": "email", "Seit": "known_since"}
    services.map_columns(run, mapping=mapping, options={"date_order": "mdy"}, now=NOW)
    other = uploaded(odd, kind="customers", source="till")
    assert other.mapping == mapping
    assert other.options["date_order"] == "mdy"
    assert uploaded(odd, kind="customers", source="web").mapping == {"Nr": "", "Post": "", "Seit": ""}
    assert SavedMapping.objects.count() == 1


def test_a_mapping_that_does_not_fit_is_refused_with_every_reason():
    run = uploaded("a,b\n1,2\n", kind="orders", source="x")
    with pytest.raises(BadMapping) as bad:
        services.map_columns(
            run, mapping={"a": "sku", "b": "sku", "c": "email", "d": 3}, options={"decimal": "x"}, now=NOW
        )
    assert len(bad.value.problems) == 7
    assert run.state == ImportState.UPLOADED and SavedMapping.objects.count() == 0


def test_a_file_never_undoes_a_withdrawal():
    ann = imported("customer_id,email\n1,a@b.example\n", kind="customers")
    customer = Customer.objects.get()
    from customers.services import ConsentRow, record_consents

    record_consents([ConsentRow(customer.pk, "email", False, "page", NOW)], NOW)
    run = imported("customer_id,accepts_marketing\n1,yes\n", kind="customers")
    assert run.rejected == 0
    assert Consent.objects.get().granted is False
    assert ann.rejected == 0


def test_bad_rows_come_back_as_a_file_that_can_be_mended():
    from integrations.selectors import error_rows

    run = imported("customer_id,email\n=1+1,not one\n2,a@b.example\n", kind="customers")
    rows = list(error_rows(run))
    assert rows == [
        ["line", "reason", "customer_id", "email"],
        ["2", "e-mail: “not one” is not an e-mail address.", "=1+1", "not one"],
    ]
    from core.exports import csv_chunks

    text = b"".join(csv_chunks(rows)).decode("utf-8-sig")
    assert "'=1+1" in text
    mended = uploaded(text.replace("not one", "b@c.example"), kind="customers")
    assert mended.mapping == {"line": "", "reason": "", "customer_id": "external_id", "email": "email"}
    # In the database the cells are sealed.
    raw = ImportRowError.objects.extra(select={"sealed": "raw"}).values_list("sealed", flat=True)
    assert "not one" not in raw[0]


def test_everything_is_in_the_audit_log():
    run = imported("customer_id\n1\n", kind="customers")
    worked(run, "undo")
    log = AuditEntry.objects.order_by("id").values_list("action", "object_id")
    assert [action for action, pk in log if pk == str(run.pk)] == [
        "import.upload",
        "import.run",
        "import.undo",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b"a,b\n", "header and no rows"),
        (b"PK\x03\x04" + b"\0" * 30 + b"xl/workbook.xml", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "Excel"),
        (b"PK\x03\x04" + b"\0" * 40 + b"../../etc/passwd", "archive"),
        (b"%PDF-1.7 ...", "no table"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', "XML"),
        (b'[{"a": 1}]', "JSON array"),
        (b"PAR1" + b"\0" * 40 + b"PAR1", "damaged"),
        (b"\x1f\x8b" + b"\0" * 50, "damaged"),
        (gzip.compress(b"a,b\n1,2\n")[:-6], "too early"),
        (",".join(f"c{n}" for n in range(100_000)).encode() + b"\n1\n", "100000 columns"),
        (b'"never closed,' + b"x" * 1_200_000, "never closed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_table_is_refused_with_what_to_do(content, told, files):
    with pytest.raises(BadFile, match=told):
        uploaded(content, kind="customers")
    assert list(files.iterdir()) == []
    assert ImportRun.objects.count() == 0


def test_a_bomb_is_not_unpacked(settings, files):
    bomb = gzip.compress(b"\0" * 60_000_000)
    with pytest.raises(BadFile, match="unpacks to far more"):
        uploaded(bomb, kind="customers")
    settings.IMPORT_MAX_BYTES = 1000
    with pytest.raises(BadFile, match="larger"):
        uploaded(b"x" * 2000, kind="customers")
    assert list(files.iterdir()) == []


def test_good_rows_of_a_hostile_file_are_kept():
    lines = [
        "customer_id,email,first_name,first_name,City",
        "1,a@b.example,Ann,x,Berlin",
        "2,c\0d@e.example,NUL,x,y",
        "3,short",
        "4,d@e.example,Dee,x,y,more,cells",
        "5,e@f.example,💚 \u202eevil,x,=1+1",
        '6,f@g.example,"quo""ted, and\nbroken",x,y',
        "7/8,g@h.example,slash,x,y",
        "",
        f"9,h@i.example,{'x' * 5000},x,y",
        "10,i@j.example,Ivy,x,y,,",
    ]
    body = "\r\n".join(lines).encode() + b"\r\n11,j@k.example,bad\xff\xfebyte,x,y\r\n"
    run = imported(body, kind="customers", mapping={
        "customer_id": "external_id", "email": "email", "first_name": "first_name", "City": "attributes.city",
    })  # fmt: skip
    assert run.columns == ["customer_id", "email", "first_name", "first_name (2)", "City"]
    kept = Customer.objects.order_by("pk").values_list("external_id", "first_name")
    assert sorted(kept) == [
        ("1", "Ann"), ("10", "Ivy"), ("5", "💚 \u202eevil"), ("6", 'quo"ted, and\nbroken'),
    ]  # fmt: skip
    assert Customer.objects.get(external_id="5").attributes == {"city": "=1+1"}
    errors = dict(run.errors.values_list("line", "reason"))
    assert sorted(errors) == [3, 4, 5, 9, 11, 13]
    assert "NUL" in errors[3] and "2 cells" in errors[4] and "slash" in errors[9] and "longer" in errors[11]
    assert (run.state, run.rows, run.accepted, run.rejected) == (ImportState.DONE, 10, 4, 6)
