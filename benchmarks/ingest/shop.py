"""The shop of the benchmark: customers and products that exist, and events about them."""

import io
import random
import uuid
from datetime import datetime, timedelta
from typing import Any

import orjson
import polars as pl
from django.conf import settings

from catalog.services import ensure_products
from core.ids import uuid7
from customers.identity import ensure_actors

CUSTOMERS, PRODUCTS = 40_000, 10_000
COLUMNS = (
    "source, message_id, type, actor_id, customer_id, product_id, order_id, quantity, amount, currency,"
    " original_amount, quality, properties, occurred_at, received_at"
)


class Shop:
    """Customers and products that exist, and events about them."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.random = random.Random(7)
        people = [f"customer-{n}" for n in range(CUSTOMERS)]
        self.actors = {}
        for start in range(0, CUSTOMERS, 10_000):
            self.actors |= ensure_actors(people[start : start + 10_000], (), now)[0]
        self.people = people
        self.products = ensure_products([f"sku-{n}" for n in range(PRODUCTS)], now)
        self.skus = list(self.products)

    def event(self, *, random_id: bool = False) -> dict[str, Any]:
        """Return an event of the last days, as a partner sends it."""
        pick = self.random
        kind = pick.choice(("view", "view", "view", "add_to_cart", "purchase", "purchase"))
        at = self.now - timedelta(seconds=pick.randrange(3 * 86_400), microseconds=pick.randrange(10**6))
        event: dict[str, Any] = {
            "message_id": str(uuid.uuid4() if random_id else uuid7()),
            "type": kind,
            "source": "web",
            "occurred_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "customer": pick.choice(self.people),
            "sku": pick.choice(self.skus),
            "properties": {"page": f"/p/{pick.randrange(10**6)}", "store": "7", "referrer": "newsletter"},
        }
        if kind == "purchase":
            event |= {
                "order_id": f"order-{pick.randrange(10**9)}",
                "quantity": pick.randrange(1, 5),
                "amount": {
                    "amount": f"{pick.randrange(100, 9999) / 100:.2f}",
                    "currency": settings.SHOP_CURRENCY,
                },
            }
        return event

    def row(self, event: dict[str, Any]) -> tuple[Any, ...]:
        """Return the columns that the event has when it is stored."""
        actor = self.actors[event["customer"]]
        money = event.get("amount", {"amount": None, "currency": None})
        return (
            event["source"], event["message_id"], event["type"], actor.identifier_id, actor.customer_id,
            self.products[event["sku"]], event.get("order_id"), event.get("quantity"), money["amount"],
            money["currency"], money["amount"], "", orjson.dumps(event["properties"]).decode(),
            event["occurred_at"], self.now.isoformat(),
        )  # fmt: skip

    def csv(self, events: list[dict[str, Any]]) -> bytes:
        """Return the rows as COPY reads them."""
        buffer = io.BytesIO()
        frame = pl.DataFrame([self.row(e) for e in events], schema=COLUMNS.split(", "), orient="row",
                             infer_schema_length=None)  # fmt: skip
        frame.write_csv(buffer, include_header=False, quote_style="non_numeric", null_value="")
        return buffer.getvalue()
