"""Orders from files: each line becomes a purchase, what came back a refund, what was called off a cancel.

Rows of one order stand together; the rows after the first may leave the order's own cells empty, as the
exports of Shopify do. The message ids come from the order and the place of the line in it, so the same
order imported again, or from a later export, is stored once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.money import round_money
from customers.consent import ConsentRow
from customers.loading import load_consents, load_people, weigh_people
from customers.models import Channel
from events.models import EventType
from events.parsing import EventIn, money_fault
from integrations.imports import values
from integrations.imports.errors import BadRow
from integrations.imports.fields import Field, Plan, plain, text
from integrations.imports.kinds.base import CONSENT, CUSTOMER, Context, ImportKind, Outcome, Record
from integrations.imports.kinds.customers import PERSON
from integrations.imports.kinds.facts import known_keys, store_events
from integrations.imports.kinds.order_lines import LINE, field_of, priced, target_of, unfolded
from integrations.imports.reading import Row

#: States that mean: ordered, never paid. They are checkouts, not purchases.
_UNPAID = frozenset(
    [
        "pending",
        "unpaid",
        "on-hold",
        "failed",
        "draft",
        "checkout-draft",
        "pending_payment",
        "expired",
        "pending-payment",
        "待付款",
        "未付款",
        "待支付",
    ]
)
_CANCELLED = frozenset(
    ["cancelled", "canceled", "voided", "trash", "已取消", "已关闭", "交易关闭", "订单关闭", "交易取消"]
)
_REFUNDED = frozenset(["refunded", "已退款", "全额退款", "退款成功", "退款完成"])
#: Cells that belong to the order; a later row of it may leave them empty.
_OF_ORDER = (
    "external_id", "email", "phone", "first_name", "last_name", "name", "country", "ordered_at", "status",
    "payment", "currency", "order_discount", "order_total", "refunded", "refunded_at", "cancelled_at",
    "marketing",
)  # fmt: skip
_PERSON = ("external_id", "email", "phone", "first_name", "last_name", "country")


@dataclass(slots=True)
class Order:
    """An order as its rows tell it: what belongs to the whole, and its lines by their place."""

    line: int
    head: dict[str, Any]
    lines: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


class Orders(ImportKind):
    """One row is one line of an order, or an order with all its lines."""

    name = "orders"
    needs = (("order_id",), ("ordered_at",), ("external_id", "email", "phone"))
    group = "order_id"
    block_rows = 3000
    fields = (
        Field("order_id", gettext_lazy("order"), text(100),
              ("orderid", "order", "ordernumber", "orderno", "ordername", "订单号", "订单编号",
              "bestellnummer")),
        Field("ordered_at", gettext_lazy("ordered at"), values.moment,
              ("orderedat", "orderdate", "createdat", "date", "datecreated", "purchasedate", "paidat",
               "订单创建时间", "下单时间", "买家付款时间", "创建时间")),
        *PERSON,
        Field("first_name", gettext_lazy("first name"), text(100), ("billingfirstname", "firstname")),
        Field("last_name", gettext_lazy("last name"), text(100), ("billinglastname", "lastname")),
        Field("name", gettext_lazy("whole name"), text(200), ("billingname", "customername", "买家姓名",
        "收货人")),
        Field("country", gettext_lazy("country"), plain(values.country), ("billingcountry", "country")),
        Field("status", gettext_lazy("state of the order"), text(60), ("status", "orderstatus", "订单状态")),
        Field("payment", gettext_lazy("state of the payment"), text(60), ("financialstatus",
        "paymentstatus")),
        Field("currency", gettext_lazy("currency"), plain(values.currency),
              ("currency", "ordercurrency", "币种")),
        *LINE,
        Field("order_discount", gettext_lazy("discount of the order"), values.number,
              ("discountamount", "discounttotal", "orderdiscount", "cartdiscount", "discount",
              "店铺优惠合计")),
        Field("order_total", gettext_lazy("paid for the order"), values.number,
              ("total", "ordertotal", "订单实付金额", "实付金额")),
        Field("refunded", gettext_lazy("refunded of the order"), values.number,
              ("refundedamount", "refundedtotal", "refundamount", "订单已退款金额")),
        Field("refunded_at", gettext_lazy("refunded at"), values.moment, ("refundedat", "refunddate")),
        Field("cancelled_at", gettext_lazy("cancelled at"), values.moment, ("cancelledat", "canceledat")),
        Field("marketing", gettext_lazy("agrees to e-mail"), plain(values.boolean), ("acceptsmarketing",)),
    )  # fmt: skip

    def field_of(self, target: str) -> Field | None:
        """Return the field of a target; numbered lines are fields, too."""
        return self.by_name.get(target) or field_of(target)

    def target_of(self, column: str) -> str:
        """Return what a numbered column means."""
        return target_of(column)

    def read(self, rows: Sequence[Row], plan: Plan, outcome: Outcome) -> list[Record]:
        """Return one record an order, with what its rows leave out taken from the first one."""
        orders: list[Order] = []
        place = 0
        for row in rows:
            try:
                found = plan.read(row)
            except BadRow as error:
                place += 1
                outcome.rejected.append((row.line, str(error)))
                continue
            order_id = found.get("order_id")
            if not orders or (order_id and order_id != orders[-1].head["order_id"]):
                place = 0
                if reason := _incomplete(found):
                    outcome.rejected.append((row.line, reason))
                    continue
                orders.append(Order(row.line, {n: found[n] for n in ("order_id", *_OF_ORDER) if n in found}))
            head = orders[-1].head
            for name in _OF_ORDER:
                if name in found:
                    head.setdefault(name, found[name])
            for number, line in unfolded(found):
                orders[-1].lines.append((place + number, {"line": row.line, **line}))
            place = orders[-1].lines[-1][0] if orders[-1].lines else place
        return [(order.line, {"order": order}) for order in orders]

    def check(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Say which lines are new."""
        orders = self._known_people(records, context, outcome)
        events = [event for order in orders for _l, event in _events(order, "?", context, outcome)[0]]
        known = known_keys(context.source, [event.message_id for event in events])
        for event in events:
            if event.message_id in known or ("order", event.message_id) in context.seen:
                outcome.unchanged += 1
            else:
                outcome.created += 1
                context.seen["order", event.message_id] = ""

    def store(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Store buyers, their consents, and what they bought."""
        orders: list[Order] = [found["order"] for _line, found in records]
        loaded = load_people([_buyer(order, context) for order in orders], context.now, gentle=True)
        outcome.note(CUSTOMER, loaded.changes)
        bought: list[tuple[int, EventIn]] = []
        undone: list[tuple[int, EventIn]] = []
        agreed = []
        for place, order in enumerate(orders):
            if place in loaded.rejected:
                _reject(order, loaded.rejected[place], outcome)
                continue
            for rows, found in zip(
                (bought, undone), _events(order, loaded.names[place], context, outcome), strict=True
            ):
                rows += found
            if order.head.get("marketing"):
                agreed.append(_agreed(order, loaded.ids[place], context))
        store_events(bought, context, outcome)
        # Refunds and cancellations are no rows of the file: they are kept, not counted.
        aside = Outcome()
        store_events(undone, context, aside)
        outcome.changes += aside.changes
        outcome.note(CONSENT, load_consents(agreed, context.now))
        _name_products(orders)

    def _known_people(self, records: list[Record], context: Context, outcome: Outcome) -> list[Order]:
        orders: list[Order] = [found["order"] for _line, found in records]
        weighed = weigh_people([_buyer(order, context) for order in orders], {}, gentle=True)
        for place, reason in weighed.rejected.items():
            _reject(orders[place], reason, outcome)
        return [order for place, order in enumerate(orders) if place not in weighed.rejected]


def _incomplete(found: dict[str, Any]) -> str:
    if not found.get("order_id"):
        return _("The row names no order.")
    if not found.get("ordered_at"):
        return _("It is not said when it was ordered.")
    if not any(found.get(name) for name in ("external_id", "email", "phone")):
        return _("Nobody is named: give an id, an e-mail address or a phone number.")
    return ""


def _reject(order: Order, reason: str, outcome: Outcome) -> None:
    outcome.rejected += [(found["line"], reason) for _place, found in order.lines]


def _buyer(order: Order, context: Context) -> dict[str, Any]:
    row = {name: order.head[name] for name in _PERSON if name in order.head}
    if (name := order.head.get("name")) and "last_name" not in row:
        first, _space, last = name.rpartition(" ")
        row |= {"first_name": first[:100], "last_name": last[:100]}
    return {**row, "phone_country": context.reading.country, "known_since": order.head["ordered_at"]}


def _agreed(order: Order, customer_id: int, context: Context) -> ConsentRow:
    """Take a ticked box as consent at the time of the order; one left empty withdraws nothing."""
    proof = {"import": context.reference, "order": order.head["order_id"]}
    return ConsentRow(customer_id, Channel.EMAIL, True, context.source, order.head["ordered_at"], proof=proof)


def _word(order: Order, name: str) -> str:
    return str(order.head.get(name, "")).casefold().removeprefix("wc-").replace(" ", "-").strip()


def _events(
    order: Order, customer: str, context: Context, outcome: Outcome
) -> tuple[list[tuple[int, EventIn]], list[tuple[int, EventIn]]]:
    """Return the events of an order with their lines: what was bought, and what was undone of it."""
    head = order.head
    currency = head.get("currency") or context.currency
    refused: dict[int, list[str]] = {}
    lines = priced(order.lines, head, currency, refused, outcome.cleaned)
    if fault := money_fault(head.get("refunded") or Decimal(0), currency):
        refused.setdefault(order.line, []).append(fault)
        lines = []
    outcome.rejected += [(line, " ".join(dict.fromkeys(reasons))) for line, reasons in refused.items()]
    words = {_word(order, "status"), _word(order, "payment")}
    unpaid = bool(words & _UNPAID) and not words & (_CANCELLED | _REFUNDED)
    at: datetime = head["ordered_at"]
    back: datetime = head.get("refunded_at") or head.get("cancelled_at") or at

    def event(suffix: str, kind: str, moment: datetime, amount: Decimal | None, **members: Any) -> EventIn:
        return EventIn(
            message_id=f"order-{head['order_id']}-{suffix}", type=kind, source=context.source,
            occurred_at=moment, customer=customer, order_id=head["order_id"], amount=amount,
            currency=currency if amount is not None else None, **members,
        )  # fmt: skip

    kind = EventType.CHECKOUT if unpaid else EventType.PURCHASE
    bought, undone = [], []
    for place, line in lines:
        details = {"product": line["product"]} if line.get("product") else None
        one = event(
            str(place), kind, at, line["paid"], sku=line["sku"], quantity=line["quantity"],
            discount=line["off"], discount_currency=currency if line["off"] is not None else None,
            properties=details,
        )  # fmt: skip
        bought.append((line["line"], one))
        if not unpaid and (refunded := line.get("line_refunded") or 0) > 0:
            undone.append(
                (line["line"], event(f"{place}-refund", EventType.REFUND, back, refunded, sku=line["sku"]))
            )
    whole = head.get("refunded") if lines else None
    if not whole and not undone and words & _REFUNDED:
        whole = sum((line["paid"] or Decimal(0) for _p, line in lines), Decimal(0))
    if whole and whole > 0 and not unpaid:
        amount = round_money(whole, currency)
        undone.append((order.line, event("refund", EventType.REFUND, back, amount)))
    if head.get("cancelled_at") or words & _CANCELLED:
        undone.append((order.line, event("cancel", EventType.CANCEL, head.get("cancelled_at") or at, None)))
    return bought, undone


def _name_products(orders: list[Order]) -> None:
    """Give products that are known by their number only the name that the order tells. One query."""
    names = {
        found["sku"]: found["product"]
        for order in orders
        for _place, found in order.lines
        if found.get("sku") and found.get("product")
    }
    if names:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE catalog_product p SET name = t.name"
                " FROM unnest(%s::varchar[], %s::varchar[]) AS t(sku, name)"
                " WHERE p.sku = t.sku AND p.is_stub AND p.name = p.sku",
                [list(names), list(names.values())],
            )
