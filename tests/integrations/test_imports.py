"""Files of every kind and format: what is stored, what is refused and why, what a dry run leaves alone."""

import gzip
import io
from decimal import Decimal

import polars as pl
import pytest

from accounts.models import AuditEntry
from catalog.models import Product
from customers.models import Consent, Customer, Suppression
from events.models import Event, EventKey
from integrations import services
from integrations.imports.errors import BadFile
from integrations.imports.kinds import KINDS
from integrations.models import ImportChange, ImportRowError, ImportRun, ImportState
from tests.factories.imports import NOW, imported, uploaded, worked
from tests.factories.shop_files import (
    SHOPIFY_ORDERS,
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
