"""The lines of an order: from columns of their own or packed into one, priced, with discounts shared out.

A row is mostly one line. Some exports put all lines into one row: in numbered columns (`lines.2.sku`), each
packed into a numbered one (`lines.2`: `name:Mug|sku:MUG|quantity:1|total:9.00`), all packed into one
(`lines`, parted by `;`), or, in JSON Lines, as a list of objects.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.money import round_money, shared_out
from core.validation import QUANTITY
from events.models import Note
from events.parsing import money_fault
from integrations.imports import values
from integrations.imports.fields import Field, text
from integrations.imports.values import Nested, Reading

#: What a line says.
LINE = (
    Field("sku", gettext_lazy("sku"), text(200),
          ("sku", "lineitemsku", "itemsku", "productsku", "productid", "规格编码", "商品编码", "商家编码")),
    Field("product", gettext_lazy("product name"), text(300),
          ("lineitemname", "itemname", "productname", "product", "商品名称", "全部商品名称")),
    Field("quantity", gettext_lazy("quantity"), values.number,
          ("quantity", "qty", "lineitemquantity", "itemquantity", "商品数量", "数量")),
    Field("price", gettext_lazy("price of one"), values.number,
          ("price", "unitprice", "lineitemprice", "itemprice", "商品单价", "单价")),
    Field("line_subtotal", gettext_lazy("price of the line before discounts"), values.number,
          ("linesubtotal", "itemsubtotal")),
    Field("line_total", gettext_lazy("paid for the line"), values.number,
          ("linetotal", "itemtotal", "商品实际成交金额")),
    Field("line_discount", gettext_lazy("discount of the line"), values.number,
          ("lineitemdiscount", "linediscount", "itemdiscount")),
    Field("line_refunded", gettext_lazy("refunded of the line"), values.number,
          ("itemrefunded", "商品已退款金额")),
)  # fmt: skip
LINE_NAMES = tuple(field.name for field in LINE)
#: The whole of the lines in one column.
LINES = "lines"
MAX_LINES = 200
_PARTS = {field.name: field for field in LINE}
#: What parts of packed lines and numbered columns are called.
_CALLED = {
    "name": "product", "title": "product", "product": "product", "sku": "sku", "quantity": "quantity",
    "qty": "quantity", "price": "price", "total": "line_total", "sub_total": "line_subtotal",
    "subtotal": "line_subtotal", "discount": "line_discount", "refunded": "line_refunded",
} | {name: name for name in LINE_NAMES}  # fmt: skip
_TARGET = re.compile(rf"lines(?:\.([1-9]\d{{0,2}})(?:\.({'|'.join(LINE_NAMES)}))?)?")
_PACKED = re.compile(r"(?:line|order|product)[ _]?item[ _]?([1-9]\d{0,2})", re.I)
_NUMBERED = re.compile(r"(?:line|order|product)[ _]?item[ _]?([1-9]\d{0,2})[ _](\w+)", re.I)


def target_of(column: str) -> str:
    """Return what a column like `line_item_2` or `Product Item 2 SKU` means, “” for another one."""
    if packed := _PACKED.fullmatch(column):
        return f"{LINES}.{packed[1]}"
    if (found := _NUMBERED.fullmatch(column)) and (part := _CALLED.get(found[2].lower())):
        return f"{LINES}.{found[1]}.{part}"
    return LINES if column.lower() in ("line_items", "lines") else ""


@cache
def field_of(target: str) -> Field | None:
    """Return the field of a target like `lines`, `lines.2` or `lines.2.sku`."""
    match = _TARGET.fullmatch(target)
    if match is None:
        return None
    number, part = match.groups()
    if part:
        label = _Numbered(number, _PARTS[part].label)
        return Field(target, label, _PARTS[part].read)
    if number:
        return Field(target, _Numbered(number, gettext_lazy("all about it")), _one)
    return Field(target, gettext_lazy("all lines"), _several)


class _Numbered:
    """The label of a numbered field, in the reader's language."""

    def __init__(self, number: str, label: Any) -> None:
        self.number, self.label = number, label

    def __str__(self) -> str:
        return _("Line %(n)s: %(what)s") % {"n": self.number, "what": self.label}


def _one(value: Any, reading: Reading) -> dict[str, Any] | None:
    """Read a packed line; parts that are not known are read over."""
    if isinstance(value, Nested):
        return _line(value.load(), reading)
    found = values.text(value, 20_000)
    if found is None:
        return None
    parts = [part.partition(":") for part in found.split("|")]
    said = {name.strip(): part for name, colon, part in parts if colon}
    return _line(said or found, reading)


def _several(value: Any, reading: Reading) -> list[dict[str, Any]] | None:
    if isinstance(value, Nested):
        items = value.load()
        if not isinstance(items, list):
            raise ValueError(_("Send the lines as a list of objects."))
        found = [_line(item, reading) for item in items]
    else:
        packed = values.text(value, 200_000)
        found = [_one(part, reading) for part in packed.split(";")] if packed else []
    return [line for line in found if line] or None


def _line(said: Any, reading: Reading) -> dict[str, Any] | None:
    """Return what a line says by field, None for an empty one. Raises ValueError."""
    if not isinstance(said, Mapping):
        raise ValueError(_("A line is an object of sku, quantity and price, or like sku:A|quantity:1."))
    line: dict[str, Any] = {}
    for name, part in said.items():
        if (target := _CALLED.get(str(name).lower())) and target not in line:
            value = _PARTS[target].read(
                Nested(orjson.dumps(part).decode()) if isinstance(part, dict | list) else part, reading
            )
            if value is not None:
                line[target] = value
    return line or None


def unfolded(found: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Return the lines of a row with their places in it, counted from 1; the row itself for an ordinary one.

    Where a line stands packed and in columns, the packed one counts, and the columns complete it.
    """
    numbered: dict[int, dict[str, Any]] = {}
    for target in [name for name in found if name.startswith(LINES)]:
        value = found.pop(target)
        _lines, _dot, rest = target.partition(".")
        number, _dot, part = rest.partition(".")
        if not rest:
            numbered |= dict(enumerate(value, start=1))
        elif not part:
            numbered[int(number)] = value | numbered.get(int(number), {})
        else:
            numbered.setdefault(int(number), {}).setdefault(part, value)
    said = [(number, line) for number, line in sorted(numbered.items()) if _says(line)]
    if not said:
        return [(1, found)]
    head = {name: value for name, value in found.items() if name not in LINE_NAMES}
    return [(number, {**head, **line}) for number, line in said]


def _says(line: Mapping[str, Any]) -> bool:
    """Say whether a line is more than the zeros with which exports fill columns that are not used."""
    return any(line.get(name) for name in ("sku", "product", "quantity", "line_total"))


def priced(
    lines: list[tuple[int, dict[str, Any]]],
    head: Mapping[str, Any],
    currency: str,
    rejected: dict[int, list[str]],
    cleaned: dict[str, int],
) -> list[tuple[int, dict[str, Any]]]:
    """Return the lines with what was `paid` for each and what had been taken `off`, in the order's currency.

    A line's price after discounts counts as it stands. Where only prices before discounts are told, the
    line's discount is taken off, and its share of the order's by largest remainder. Lines that cannot be
    are added to `rejected`, what was filled in to `cleaned`.
    """
    result = []
    for place, found in lines:
        try:
            result.append((place, _priced(found, currency, cleaned)))
        except ValueError as error:
            rejected.setdefault(found["line"], []).append(str(error))
    if len(result) == 1 and result[0][1]["paid"] is None and head.get("order_total") is not None:
        result[0][1].update(paid=max(head["order_total"], Decimal(0)), net=True)
    _share([line for _place, line in result], head.get("order_discount") or Decimal(0), currency)
    for _place, line in result:
        for name in ("paid", "off"):
            line[name] = line[name] and round_money(line[name], currency)
    return result


def _priced(found: dict[str, Any], currency: str, cleaned: dict[str, int]) -> dict[str, Any]:
    """Return a line with its quantity and price. Raises ValueError with what is wrong."""
    quantity = found.get("quantity")
    if quantity is not None and not 0 <= quantity <= QUANTITY.limit:
        raise ValueError(_("The quantity must be a number from 0 on."))
    sku = found.get("sku") or (found.get("product") or "")[:200] or None
    if sku and not found.get("sku"):
        cleaned[Note.NO_SKU.value] += 1
    if quantity is None and sku:
        quantity = Decimal(1)
        cleaned[Note.ONE_ASSUMED.value] += 1
    before, own, paid = found.get("line_subtotal"), found.get("line_discount"), found.get("line_total")
    if before is None and found.get("price") is not None:
        before = found["price"] * (1 if quantity is None else quantity)
    net = paid is not None
    if own is None and net and before is not None:
        own = max(before - paid, Decimal(0))
    if not net and before is not None:
        paid = before - (own or 0)
    if paid is not None and paid < 0:
        raise ValueError(_("The amount cannot be negative."))
    for amount in (before, paid, found.get("line_refunded")):
        if amount is not None and (fault := money_fault(amount, currency)):
            raise ValueError(fault)
    return {
        **found, "sku": sku, "quantity": quantity and round(quantity, 3), "paid": paid, "net": net,
        "off": max(own, Decimal(0)) if own is not None else None,
    }  # fmt: skip


def _share(lines: list[dict[str, Any]], discount: Decimal, currency: str) -> None:
    """Share out what of the order's discount the lines do not tell themselves.

    It is taken off where prices stand before it; where they stand after it, it only says how much it was.
    """
    rest = discount - sum((line["off"] or Decimal(0) for line in lines), Decimal(0))
    weights = [line["paid"] or Decimal(0) for line in lines]
    net = any(line["net"] for line in lines)
    shares = shared_out(rest if net else min(rest, sum(weights, Decimal(0))), weights, currency)
    for line, share in zip(lines, shares, strict=True):
        if share:
            line["off"] = (line["off"] or Decimal(0)) + share
            if not net:
                line["paid"] -= share
