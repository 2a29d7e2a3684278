"""What stands in a cell, and what JSON makes of it, is taken for what it is or refused with a sentence."""

from decimal import Decimal

import orjson
import polars as pl
import pytest

from customers.models import Customer
from events.models import Event
from integrations.imports import values
from integrations.imports.values import Nested, Reading
from tests.factories.imports import imported
from tests.integrations.test_imports import written

READING = Reading()


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1,234.50", "1234.50"), ("1.234,50", "1234.50"), ("12 EUR", "12"), ("€ 12.30", "12.30"),
        ("¥5", "5"), ("(5.00)", "-5.00"), ("5-", "-5"), ("US$ 3", "3"), ("1'000.50", "1000.50"),
        ("-$5", "-5"), ("5.", "5"),
        ("1,00,000", "100000"), ("12元", "12"), (1029.0, "1029.0"), (7, "7"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(cell, number):
    assert values.number(cell, READING) == Decimal(number)


@pytest.mark.parametrize(
    "cell",
    ["1e9", "1E+11", "5x3", "5 x 3", "12,5", "5,00 kr", "--5", "１２", "1_000", "5 %", "(5", True,
     Nested("[1]"), float("inf"), 10**12, "999999999999.5"],
)  # fmt: skip
def test_what_is_no_number_is_said(cell):
    with pytest.raises(ValueError, match="is not a number"):
        values.number(cell, READING)


@pytest.mark.parametrize("cell", [True, Nested('["x"]'), 1.5, 1e22, 2.0**53, float("inf")])
def test_what_is_no_text_is_said(cell):
    with pytest.raises(ValueError, match="Write it"):
        values.text(cell)


def test_whole_numbers_are_ids():
    assert [values.text(cell) for cell in (1029, 1029.0, 2**63)] == ["1029", "1029", str(2**63)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "row",
    [
        {"external_id": ["x"]}, {"external_id": {"id": "x"}}, {"external_id": True}, {"external_id": 1.5},
        {"external_id": "x", "first_name": ["Ann"]}, {"external_id": "x", "email": {"work": "a@b.example"}},
        {"external_id": "x", "no_profiling": []}, {"external_id": "x", "known_since": True},
    ],
)  # fmt: skip
def test_another_type_is_an_error_of_the_row(row, settings, tmp_path):
    settings.IMPORT_FILES = str(tmp_path)
    good = {"external_id": "good", "email": "g@b.example", "first_name": "Gil", "no_profiling": False,
            "known_since": "2026-01-01"}  # fmt: skip
    mapping = {name: name for name in good}
    run = imported(b"\n".join(map(orjson.dumps, (good, row, good))), kind="customers", mapping=mapping)
    assert list(run.errors.values_list("line", flat=True)) == [2]
    assert list(Customer.objects.values_list("external_id", flat=True)) == ["good"]


@pytest.mark.django_db
def test_own_attributes_keep_lists_as_they_are(settings, tmp_path):
    settings.IMPORT_FILES = str(tmp_path)
    row = {"external_id": "x", "attributes": {"tags": ["tea", "cup"], "size": 1.5, "vip": True}}
    imported(orjson.dumps(row), kind="customers")
    assert Customer.objects.get().attributes == {"tags": ["tea", "cup"], "size": 1.5, "vip": True}


@pytest.mark.django_db
def test_nan_in_parquet_is_an_empty_cell(settings, tmp_path):
    settings.IMPORT_FILES = str(tmp_path)
    rows = {
        "message_id": ["a", "b"], "type": ["purchase"] * 2, "occurred_at": ["2026-01-01T10:00:00Z"] * 2,
        "external_id": [7.0, 8.0], "amount": [float("nan"), 0.1 + 0.2], "discount": [None, 1.0],
    }  # fmt: skip
    run = imported(written(pl.DataFrame(rows), "parquet"), kind="events")
    assert run.rejected == 0
    found = Event.objects.order_by("message_id").values_list("amount", "discount", "customer__external_id")
    assert list(found) == [(None, None, "7"), (Decimal("0.30"), Decimal("1.00"), "8")]
