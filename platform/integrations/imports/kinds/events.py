"""Events from files."""

import hashlib
from typing import Any

import orjson
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.loading import load_people
from events.models import INBOUND_TYPES
from events.parsing import EventIn, InvalidEvent, parse_event
from integrations.imports import values
from integrations.imports.errors import BadRow
from integrations.imports.fields import Field, plain, text
from integrations.imports.kinds.base import CUSTOMER, Context, ImportKind, Outcome, Record, require
from integrations.imports.kinds.customers import PERSON
from integrations.imports.kinds.facts import known_keys, store_events

#: What other systems call our types.
_TYPES = {
    "product_view": "view", "viewed": "view", "page_view": "view", "product viewed": "view", "浏览": "view",
    "cart": "add_to_cart", "addtocart": "add_to_cart", "product added": "add_to_cart", "加购": "add_to_cart",
    "order": "purchase", "bought": "purchase", "buy": "purchase", "sale": "purchase", "购买": "purchase",
    "return": "refund", "退款": "refund", "搜索": "search", "评分": "rating", "评价": "review",
    "分享": "share",
}  # fmt: skip


class Events(ImportKind):
    """One row is one event. Without an id of its own, a row's content is its id."""

    name = "events"
    needs = (("type",), ("occurred_at",), ("external_id", "email", "phone", "anonymous_id"))
    own = True
    block_rows = 4000
    fields = (
        Field("message_id", gettext_lazy("event id"), text(200),
              ("messageid", "eventid", "uuid", "id", "事件id")),
        Field("type", gettext_lazy("what happened"), text(50),
              ("type", "event", "eventtype", "eventname", "action", "事件", "事件类型", "行为")),
        Field("occurred_at", gettext_lazy("when"), values.moment,
              ("occurredat", "timestamp", "time", "date", "datetime", "eventtime", "createdat", "时间",
               "发生时间", "事件时间")),
        *PERSON,
        Field("anonymous_id", gettext_lazy("anonymous visitor"), text(200),
              ("anonymousid", "visitorid", "sessionid", "cookieid", "deviceid", "访客id")),
        Field("sku", gettext_lazy("sku"), text(200),
              ("sku", "productid", "itemid", "product", "item", "商品编码", "商品id")),
        Field("order_id", gettext_lazy("order"), text(100), ("orderid", "order", "ordernumber", "订单号")),
        Field("quantity", gettext_lazy("quantity"), values.number, ("quantity", "qty", "count", "数量")),
        Field("amount", gettext_lazy("amount"), values.number,
              ("amount", "value", "revenue", "total", "price", "amountamount", "金额")),
        Field("currency", gettext_lazy("currency"), plain(values.currency),
              ("currency", "amountcurrency", "币种")),
        Field("discount", gettext_lazy("discount"), values.number,
              ("discount", "discountamount", "优惠", "优惠金额")),
        Field("search", gettext_lazy("search words"), text(500),
              ("search", "query", "keyword", "searchterm", "搜索词", "关键词")),
    )  # fmt: skip

    def tidy(self, found: dict[str, Any]) -> dict[str, Any]:
        """Name the type as we do."""
        for name in ("type", "occurred_at"):
            require(found, name, self.by_name[name].label)
        kind = found["type"].casefold().replace("-", "_")
        kind = _TYPES.get(kind, kind.replace(" ", "_"))
        if kind not in {t.value for t in INBOUND_TYPES}:
            known = ", ".join(sorted(t.value for t in INBOUND_TYPES))
            raise BadRow(
                _("“%(type)s” is no type of event. Known are: %(known)s.")
                % {"type": found["type"][:40], "known": known}
            )
        return {**found, "type": kind}

    def check(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Say which events are new."""
        events = [event for _line, event in self._events(records, context, outcome, store=False)]
        known = known_keys(context.source, [event.message_id for event in events])
        for event in events:
            key = ("event", event.message_id)
            if event.message_id in known or key in context.seen:
                outcome.unchanged += 1
            else:
                outcome.created += 1
                context.seen[key] = ""

    def store(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Store the events."""
        events = self._events(records, context, outcome, store=True)
        store_events(events, context, outcome)

    def _events(
        self, records: list[Record], context: Context, outcome: Outcome, *, store: bool
    ) -> list[tuple[int, EventIn]]:
        """Return valid events; people named only by an address are looked up, and made when storing."""
        names = self._people(records, context, outcome) if store else {}
        events = []
        for place, (line, found) in enumerate(records):
            customer = found.get("external_id") or names.get(place)
            if customer is None and not store and (found.get("email") or found.get("phone")):
                customer = "?"
            try:
                body = _body(found, customer, context)
                events.append((line, parse_event(body, now=context.now, default_source=context.source)))
            except InvalidEvent as error:
                reason = " ".join(f"{name}: {' '.join(texts)}" for name, texts in error.errors.items())
                outcome.rejected.append((line, reason))
        return events

    def _people(self, records: list[Record], context: Context, outcome: Outcome) -> dict[int, str]:
        rows = [
            (place, {n: found[n] for n in ("email", "phone") if n in found} | {
                "phone_country": context.reading.country})
            for place, (_line, found) in enumerate(records)
            if not found.get("external_id") and (found.get("email") or found.get("phone"))
        ]  # fmt: skip
        if not rows:
            return {}
        loaded = load_people([row for _place, row in rows], context.now, gentle=True)
        outcome.note(CUSTOMER, loaded.changes)
        return {rows[i][0]: name for i, name in loaded.names.items()}


def _body(found: dict[str, Any], customer: str | None, context: Context) -> dict[str, Any]:
    """Return a row in the shape of the REST interface."""
    body: dict[str, Any] = {
        name: found[name] for name in ("type", "anonymous_id", "sku", "order_id", "search") if name in found
    }
    body["message_id"] = found.get("message_id") or _fingerprint(found)
    body["source"] = context.source
    body["occurred_at"] = found["occurred_at"].isoformat()
    if customer:
        body["customer"] = customer
    if found.get("quantity") is not None:
        body["quantity"] = f"{round(found['quantity'], 3):f}"
    currency = found.get("currency") or context.currency
    for name in ("amount", "discount"):
        if found.get(name) is not None:
            body[name] = {"amount": f"{round(found[name], 3):f}", "currency": currency}
    if found.get("attributes"):
        body["properties"] = found["attributes"]
    return body


def _fingerprint(found: dict[str, Any]) -> str:
    content = orjson.dumps(found, default=str, option=orjson.OPT_SORT_KEYS)
    return f"row-{hashlib.sha256(content).hexdigest()[:40]}"
