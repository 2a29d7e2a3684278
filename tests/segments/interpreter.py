"""A second reading of the rule language, in plain Python over plain rows, to compare the SQL with."""

from datetime import datetime, timedelta
from decimal import Decimal

COMPARE = {
    "eq": lambda x, v: x == v,
    "ne": lambda x, v: x != v,
    "lt": lambda x, v: x < v,
    "lte": lambda x, v: x <= v,
    "gt": lambda x, v: x > v,
    "gte": lambda x, v: x >= v,
    "between": lambda x, v: v[0] <= x <= v[1],
    "in": lambda x, v: x in v,
    "not_in": lambda x, v: x not in v,
    "contains": lambda x, v: v.lower() in x.lower(),
    "starts_with": lambda x, v: x.lower().startswith(v.lower()),
}


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=datetime.fromisoformat("2024-01-01T00:00Z").tzinfo)


def fits(rule, person, as_of):
    """Say whether a person `{"field name": value, "events": [dict]}` fits a rule."""
    if "all" in rule:
        return all(fits(r, person, as_of) for r in rule["all"])
    if "any" in rule:
        return any(fits(r, person, as_of) for r in rule["any"])
    if "not" in rule:
        return not fits(rule["not"], person, as_of)
    if "event" in rule:
        return behaved(rule, person["events"], as_of)
    x, op, value = person.get(rule["field"]), rule["op"], rule.get("value")
    if x == "":
        x = None
    if op in ("is_set", "not_set"):
        return (x is not None) == (op == "is_set")
    if x is None:
        return False
    if isinstance(x, datetime):
        return in_time(x, op, value, as_of)
    if rule["field"].startswith("customer.attributes."):
        sample = value[0] if isinstance(value, list) else value
        number = isinstance(sample, int | float) and not isinstance(sample, bool)
        if number and (isinstance(x, bool) or not isinstance(x, int | float)):
            return False
        if isinstance(sample, bool) and not isinstance(x, bool):
            return False
        if isinstance(sample, str):
            x = {True: "true", False: "false"}[x] if isinstance(x, bool) else str(x)
    return COMPARE[op](x, value)


def in_time(x, op, value, as_of):
    if op == "within_days":
        return as_of - timedelta(days=value) <= x < as_of
    if op == "older_than_days":
        return x < as_of - timedelta(days=value)
    if op == "between":
        return day(value[0]) <= x < day(value[1])
    return x < day(value) if op == "before" else x >= day(value)


def behaved(rule, events, as_of):
    since = as_of - timedelta(days=rule["within_days"]) if "within_days" in rule else None
    rows = [
        e
        for e in events
        if e["type"] == rule["event"]
        and e["at"] < as_of
        and (since is None or e["at"] >= since)
        and e["quality"] != "no_quantity"
        and all(within(rule[k], e[k]) for k in ("product", "brand") if k in rule)
        and ("category" not in rule or e["path"].startswith(rule["category"]))
    ]
    if rule.get("never"):
        return not rows
    for measure, of in {
        "count": len,
        "orders": lambda found: len({e["order"] for e in found}),
        "quantity": lambda found: sum(e["quantity"] for e in found),
        "amount": lambda found: sum((e["amount"] for e in found), Decimal(0)),
    }.items():
        if measure in rule:
            ((op, value),) = rule[measure].items()
            return COMPARE[op](of(rows), value)
    return bool(rows)


def within(wanted, value):
    return value in wanted if isinstance(wanted, list) else value == wanted
