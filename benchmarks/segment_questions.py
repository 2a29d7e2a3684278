"""Ten questions about a shop's customers, each as a rule and as SQL that one would write by hand.

Every one has five conditions, two about behaviour. The SQL takes what the rule's words mean for granted:
as of a moment, without events of no quantity, nothing known of those who object to profiling.
"""

from typing import Any

from benchmarks.shop import AS_OF

Rule = dict[str, Any]


def field(name: str, op: str, value: Any) -> Rule:
    """Return a comparison."""
    return {"field": name, "op": op, "value": value}


_FACTS = "e.customer_id IS NOT NULL AND e.occurred_at < {as_of} AND e.quality <> 'no_quantity'"
_CATEGORY = (
    "e.product_id IN (SELECT g.id FROM catalog_product g JOIN catalog_category k ON k.id = g.category_id"
    " WHERE k.path = '{path}' OR k.path LIKE '{path}/%')"
)


_BACK = (
    " AND NOT EXISTS (SELECT FROM events_event x"
    " WHERE x.customer_id = e.customer_id AND x.order_id = e.order_id AND x.occurred_at < {as_of} AND %s)"
)
_CANCELLED = "x.type = 'cancel' AND (x.product_id IS NULL OR x.product_id = e.product_id)"
_RETURNED = (
    "x.type IN ('cancel', 'refund') AND (x.product_id IS NULL AND x.type = 'cancel' OR x.product_id ="
    " e.product_id AND (x.type = 'cancel' OR abs(x.amount) >= e.amount))"
)
_NET = "sum(CASE e.type WHEN 'refund' THEN -abs(e.amount) ELSE e.amount END)"


def _rows(event: str, days: int | None, more: str, *, net: bool = False) -> str:
    """Return the conditions on an event; of purchases none that was taken back."""
    since = f" AND e.occurred_at >= {{as_of}} - interval '{days} days'" if days else ""
    back = _BACK % (_CANCELLED if net else _RETURNED) if event == "purchase" else ""
    if days and back:  # taken back after it was bought
        back = back[:-1] + f" AND x.occurred_at >= {{as_of}} - interval '{days + 1} days')"
    kind = "e.type IN ('purchase', 'refund')" if net else f"e.type = '{event}'"
    return f"{kind} AND {_FACTS}{since}{back}{' AND ' + more if more else ''}"


def _did(event: str, days: int | None = None, more: str = "", having: str = "", *, net: bool = False) -> str:
    if not having:
        return (
            f"EXISTS (SELECT FROM events_event e WHERE e.customer_id = c.id AND {_rows(event, days, more)})"
        )
    return (
        f"c.id IN (SELECT e.customer_id FROM events_event e WHERE {_rows(event, days, more, net=net)}"
        f" GROUP BY e.customer_id HAVING {having})"
    )


def _never(event: str, days: int | None = None, more: str = "") -> str:
    return f"NOT {_did(event, days, more)}"


def _sql(*conditions: str, word: str = " AND ") -> str:
    return (
        "SELECT c.id FROM customers_customer c"
        " LEFT JOIN profiles_customerprofile p ON p.customer_id = c.id AND p.as_of <= {as_of}"
        " LEFT JOIN customers_consent k ON k.customer_id = c.id AND k.channel = 'email' AND k.topic = 'marketing'"  # noqa: E501
        " LEFT JOIN profiles_customerscore s ON s.customer_id = c.id AND s.kind = 'churn'"
        " WHERE NOT c.no_profiling AND (" + word.join(conditions) + ")"
    )


_AGREED = ({"field": "consent.email", "op": "eq", "value": True}, "coalesce(k.granted, false)")
_RISK = (field("score.churn", "gte", 0.4), "s.score >= 0.4")
_ORDERS = (field("profile.orders", "gte", 2), "p.orders >= 2")
_GOLD = (field("customer.attributes.tier", "in", ["silver", "gold"]), "c.attributes ->> 'tier' IN ('silver', 'gold')")  # fmt: skip  # noqa: E501
_COUNTRY = (field("customer.country", "ne", "CN"), "c.country <> 'CN'")
_RECENT = (field("profile.recency_days", "lte", 120), "p.recency_days <= 120")
_ACTIVE = (field("profile.lifecycle", "in", ["active", "new"]), "p.lifecycle IN ('active', 'new')")
_POINTS = (field("customer.attributes.points", "gte", 100), "(c.attributes ->> 'points')::numeric >= 100")

_VIEWED = ({"event": "view", "category": "c3", "count": {"gte": 2}, "within_days": 14},
           _did("view", 14, _CATEGORY.replace("{path}", "c3"), "count(*) >= 2"))  # fmt: skip
_BOUGHT_30 = ({"event": "purchase", "amount": {"gt": 20}, "within_days": 30},
              _did("purchase", 30, having=f"{_NET} > 20", net=True))  # fmt: skip
_BOUGHT_90 = ({"event": "purchase", "orders": {"gte": 2}, "within_days": 90},
              _did("purchase", 90, having="count(DISTINCT e.order_id) >= 2"))  # fmt: skip
_NEVER_BRAND = ({"event": "purchase", "brand": "brand 10", "never": True},
                _never("purchase", more="e.product_id IN (SELECT id FROM catalog_product WHERE brand = 'brand 10')"))  # fmt: skip  # noqa: E501
_NO_VISIT = ({"event": "view", "never": True, "within_days": 30}, _never("view", 30))
_CART = ({"event": "add_to_cart", "within_days": 7}, _did("add_to_cart", 7))
_NO_ORDER_7 = ({"event": "purchase", "never": True, "within_days": 7}, _never("purchase", 7))
_EVER = ({"event": "purchase", "category": "c5", "count": {"gte": 1}},
         _did("purchase", None, _CATEGORY.replace("{path}", "c5")))  # fmt: skip
_SEARCHED = ({"event": "search", "count": {"gte": 2}, "within_days": 60},
             _did("search", 60, having="count(*) >= 2"))  # fmt: skip
_CLICKED = ({"event": "message_clicked", "within_days": 180}, _did("message_clicked", 180))
_NO_OPEN = ({"event": "message_opened", "never": True, "within_days": 90}, _never("message_opened", 90))
_QUANTITY = ({"event": "purchase", "quantity": {"gte": 20}, "within_days": 180},
             _did("purchase", 180, having="sum(e.quantity) >= 20"))  # fmt: skip

_SETS = {
    "category viewed, money spent": (_VIEWED, _BOUGHT_30, _AGREED, _RISK, _COUNTRY),
    "two orders, never a brand": (_BOUGHT_90, _NEVER_BRAND, _AGREED, _ORDERS, _GOLD),
    "gone quiet": (_NO_VISIT, _BOUGHT_90, _RISK, _RECENT, _COUNTRY),
    "cart without order": (_CART, _NO_ORDER_7, _AGREED, _POINTS, _COUNTRY),
    "category ever, searched": (_EVER, _SEARCHED, _ACTIVE, _AGREED, _GOLD),
    "clicked and bought": (_CLICKED, _BOUGHT_90, _COUNTRY, _RISK, _ORDERS),
    "not opened, bought much": (_NO_OPEN, _QUANTITY, _AGREED, _ACTIVE, _POINTS),
    "searched, cart": (_SEARCHED, _CART, _COUNTRY, _POINTS, _AGREED),
    "views without money": (_VIEWED, _NO_ORDER_7, _RISK, _AGREED, _GOLD),
    "category ever, gone quiet": (_EVER, _NO_VISIT, _ORDERS, _RISK, _COUNTRY),
}
#: Name, rule, SQL.
QUESTIONS = [
    (name, {"all": [rule for rule, _ in conditions]}, _sql(*(sql for _, sql in conditions)))
    for name, conditions in _SETS.items()
]
SIMPLE: list[Rule] = [
    {"all": [_ORDERS[0], _RISK[0], _AGREED[0], _COUNTRY[0], _GOLD[0]]},
    {"any": [_ACTIVE[0], {"all": [_GOLD[0], _POINTS[0]]}, _RECENT[0]]},
    {"all": [field("profile.rfm_class", "eq", "champions"), _AGREED[0]]},
    {"all": [{"not": _AGREED[0]}, field("customer.birthday", "in_next_days", 7)]},
    {
        "all": [
            field("profile.discount_share", "gte", 0.05),
            field("profile.basket_value", "between", [5, 50]),
        ]
    },
]


def more_rules(count: int) -> list[Rule]:
    """Return rules like the questions with other categories, windows and thresholds; a third have no behaviour."""  # noqa: E501
    rules: list[Rule] = []
    for n in range(count):
        match n % 3:
            case 0:
                rules.append({"all": [*SIMPLE[n // 3 % len(SIMPLE)].get("all", [_GOLD[0]]),
                                      field("customer.attributes.points", "gte", n)]})  # fmt: skip
            case 1:
                viewed = {
                    "event": "view",
                    "category": f"c{n % 30}",
                    "count": {"gte": 1 + n % 3},
                    "within_days": 14 + n,
                }
                rules.append({"all": [viewed, _BOUGHT_90[0], _AGREED[0]]})  # fmt: skip
            case _:
                bought = {"event": "purchase", "amount": {"gte": 10 + n}, "within_days": 30 + n}
                rules.append({"any": [bought, {"all": [_CART[0], _NO_ORDER_7[0], _RISK[0]]}]})
    return rules


__all__ = ["AS_OF", "QUESTIONS", "SIMPLE", "more_rules"]
