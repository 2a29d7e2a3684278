"""A second reading of the rule language, in plain Python over plain rows, to compare the SQL with.

A person is `{"field name": value, "id": number, "time_zone": name, "events": [dict]}`; events stand in the
order of their ids. `everyone` is a mapping of all people by id, for top lists.
"""

import hashlib
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

SHOP = "UTC"
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
IN_TIME = ("before", "after", "within_days", "older_than_days", "in_next_days")


def fits(rule, person, as_of, everyone=None):
    """Say whether a person fits a rule."""
    kind = next(k for k in ("all", "any", "not", "event", "coupon", "sequence", "message", "share", "top", "field")  # noqa: E501
                if k in rule)  # fmt: skip
    match kind:
        case "all":
            return all(fits(r, person, as_of, everyone) for r in rule["all"])
        case "any":
            return any(fits(r, person, as_of, everyone) for r in rule["any"])
        case "not":
            return not fits(rule["not"], person, as_of, everyone)
        case "event":
            return behaved(rule, person, as_of)
        case "coupon":
            where = [{"property": "pool", "op": "eq", "value": rule["pool"]}] if "pool" in rule else []
            rest = {k: v for k, v in rule.items() if k not in ("coupon", "pool")}
            return behaved({"event": f"coupon_{rule['coupon']}", "where": where, **rest}, person, as_of)
        case "sequence":
            return followed(rule, person, as_of)
        case "message":
            return messaged(rule, person, as_of)
        case "share":
            share = rule["share"]
            slot = int(hashlib.md5(f"{share['salt']}:{person['id']}".encode()).hexdigest()[:8], 16)
            low = round(share.get("from", 0) * 2**32 / 100)
            return low <= slot < round((share.get("from", 0) + share["percent"]) * 2**32 / 100)
        case "top":
            return person["id"] in best(rule["top"], as_of, everyone)
        case _:
            return compared(rule, person, as_of)


def compared(rule, person, as_of):
    x, op, value = person.get(rule["field"]), rule["op"], rule.get("value")
    if x == "":
        x = None
    if op in ("is_set", "not_set"):
        return (x is not None) == (op == "is_set")
    if x is None:
        return False
    if rule["field"] == "customer.birthday":
        return birthday(x, rule, person, as_of)
    if rule["field"].startswith("customer.attributes."):
        return attribute(x, rule, person, as_of)
    if isinstance(x, datetime):
        return in_time(x, rule, person, as_of)
    return COMPARE[op](x, value)


def attribute(x, rule, person, as_of):
    op, value = rule["op"], rule["value"]
    sample = value[0] if isinstance(value, list) else value
    if op in IN_TIME or (op == "between" and isinstance(sample, str | dict)):
        found = moment_in(x)
        return found is not None and in_time(found, rule, person, as_of)
    number = isinstance(sample, int | float) and not isinstance(sample, bool)
    if number and (isinstance(x, bool) or not isinstance(x, int | float)):
        return False
    if isinstance(sample, bool) and not isinstance(x, bool):
        return False
    if isinstance(sample, str):
        x = {True: "true", False: "false"}[x] if isinstance(x, bool) else str(x)
    return COMPARE[op](x, value)


def moment_in(x):
    try:
        found = datetime.fromisoformat(x) if isinstance(x, str) and len(x) >= 10 and x[4] == "-" else None
    except ValueError:
        return None
    if found is None:
        return None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(SHOP))


def zone_of(rule, person):
    if rule.get("zone") == "customer" and person.get("time_zone"):
        return ZoneInfo(person["time_zone"])
    return ZoneInfo(SHOP)


def moment(value, as_of, zone):
    """Return when something is by a clock."""
    if isinstance(value, str):
        found = datetime.fromisoformat(value)
        return found if found.tzinfo else found.replace(tzinfo=zone).astimezone(UTC)
    here, shift = as_of.astimezone(zone).date(), value.get("shift", 0)
    first = {
        "day": lambda: here + timedelta(days=shift),
        "week": lambda: here - timedelta(days=here.weekday()) + timedelta(weeks=shift),
        "month": lambda: here.replace(day=1) + relativedelta(months=shift),
        "quarter": lambda: (
            date(here.year, (here.month + 2) // 3 * 3 - 2, 1) + relativedelta(months=3 * shift)
        ),
        "year": lambda: date(here.year + shift, 1, 1),
    }[value["start_of"]]()
    return datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC)


def in_time(x, rule, person, as_of):
    op, value, zone = rule["op"], rule["value"], zone_of(rule, person)
    match op:
        case "within_days":
            return as_of - timedelta(days=value) <= x < as_of
        case "older_than_days":
            return x < as_of - timedelta(days=value)
        case "in_next_days":
            return as_of <= x < as_of + timedelta(days=value)
        case "between":
            return moment(value[0], as_of, zone) <= x < moment(value[1], as_of, zone)
        case "before":
            return x < moment(value, as_of, zone)
    return x >= moment(value, as_of, zone)


def birthday(x, rule, person, as_of):
    if rule["op"] == "on":
        return x == rule["value"]
    if rule["op"] == "month":
        return int(x[:2]) == rule["value"]
    today = as_of.astimezone(zone_of(rule, person)).date()
    for offset in range(rule["value"]):
        day = today + timedelta(days=offset)
        leap = (day + timedelta(days=1)).month == 2
        if f"{day:%m-%d}" == x or (x == "02-29" and f"{day:%m-%d}" == "02-28" and not leap):
            return True
    return False


def stands(event, events, since, *, net):
    """Say whether a purchase was neither cancelled nor, unless what was paid is meant, given back."""
    for e in events:
        if e.get("order_id") != event.get("order_id") or (since and e["at"] < since - timedelta(days=1)):
            continue
        same = e.get("product") == event.get("product") is not None
        if e["type"] == "cancel" and (same or e.get("product") is None):
            return False
        if e["type"] == "refund" and same and not net and e["amount"] >= event["amount"]:
            return False
        if e.get("covers_order") and not net:
            return False
    return True


def events_of(rule, person, as_of):
    """Return the events that count: type, window, first or last few, narrowed."""
    before = [e for e in person["events"] if e["at"] < as_of]
    types = [rule["event"]]
    if rule["event"] == "purchase" and is_net(rule):
        types.append("refund")
    rows = [e for e in before if e["type"] in types and e.get("quality", "") != "no_quantity"]
    if rule["event"] == "purchase":
        since = as_of - timedelta(days=rule["within_days"]) if "within_days" in rule else None
        since = as_of - relativedelta(**rule["within"]) if "within" in rule else since
        rows = [e for e in rows if stands(e, before, since, net=is_net(rule))]
    if "within_days" in rule:
        rows = [e for e in rows if e["at"] >= as_of - timedelta(days=rule["within_days"])]
    if "within" in rule:
        rows = [e for e in rows if e["at"] >= as_of - relativedelta(**rule["within"])]
    zone = zone_of(rule, person)
    if "from" in rule:
        rows = [e for e in rows if e["at"] >= moment(rule["from"], as_of, zone)]
    if "until" in rule:
        rows = [e for e in rows if e["at"] < moment(rule["until"], as_of, zone)]
    rows.sort(key=lambda e: (e["at"], person["events"].index(e)))
    if "earliest" in rule:
        rows = rows[: rule["earliest"]]
    if "latest" in rule:
        rows = rows[-rule["latest"] :]
    return [
        e
        for e in rows
        if all(within(rule[k], e.get(k)) for k in ("product", "brand") if k in rule)
        and ("category" not in rule or under(e.get("path") or "", rule["category"]))
        and all(e.get("properties", {}).get(k) == v for k, v in rule.get("properties", {}).items())
        and all(where(w, e, as_of) for w in rule.get("where", []))
    ]


def under(path, root):
    return path == root or path.startswith(f"{root}/")


def where(condition, event, as_of):
    if "property" in condition:
        named = {"field": "customer.attributes.x", "op": condition["op"], "value": condition.get("value")}
        return compared(
            named, {"customer.attributes.x": event.get("properties", {}).get(condition["property"])}, as_of
        )
    local = event["at"].astimezone(ZoneInfo(SHOP))
    x = {"hour": local.hour, "weekday": local.isoweekday()}.get(
        condition["column"], event.get(condition["column"])
    )
    return compared({"field": "x", "op": condition["op"], "value": condition.get("value")}, {"x": x}, as_of)


def is_net(rule):
    """Say whether a rule adds up what was paid."""
    paid = "amount" in rule or rule.get("sum", {}).get("of") == "amount"
    return rule["event"] == "purchase" and paid and not {"earliest", "latest"} & set(rule)


def net(rows):
    """Return what was paid, less what was given back."""
    signs = [-1 if e["type"] == "refund" else 1 for e in rows if e["amount"] is not None]
    return sum((sign * abs(x) for sign, x in zip(signs, values("amount", rows), strict=True)), Decimal(0))


def values(of, rows):
    """Return what is summed up of the events that have it."""
    if of.startswith("properties."):
        found = [e.get("properties", {}).get(of.removeprefix("properties.")) for e in rows]
        return [v for v in found if v is not None]
    if of == "day":
        return [e["at"].astimezone(ZoneInfo(SHOP)).date() for e in rows]
    key = {"order": "order_id"}.get(of, of)
    return [e[key] for e in rows if e.get(key) is not None]


def measure(rule, rows):
    """Return measure, comparison and value; None where nothing is known."""
    for name, of in {
        "count": len,
        "orders": lambda found: len(set(values("order", found))),
        "quantity": lambda found: sum(values("quantity", found)),
        "amount": lambda found: net(found) if is_net(rule) else sum(values("amount", found), Decimal(0)),
    }.items():
        if name in rule:
            return of(rows), rule[name]
    for name, of in {
        "sum": sum,
        "average": lambda v: Decimal(sum(v)) / len(v) if v else None,
        "largest": lambda v: max(v, default=None),
        "smallest": lambda v: min(v, default=None),
        "distinct": lambda v: len(set(map(str, v))),
    }.items():
        if name in rule:
            wanted = {k: v for k, v in rule[name].items() if k != "of"}
            return net(rows) if is_net(rule) else of(values(rule[name]["of"], rows)), wanted
    return len(rows), {"eq": 0} if rule.get("never") else {"gte": 1}


def behaved(rule, person, as_of):
    rows = events_of(rule, person, as_of)
    for name, edge in (("first", min), ("last", max)):
        if name in rule:
            ((op, value),) = rule[name].items()
            return bool(rows) and in_time(
                edge(e["at"] for e in rows), {"op": op, "value": value}, person, as_of
            )
    found, wanted = measure(rule, rows)
    ((op, value),) = wanted.items()
    return found is not None and COMPARE[op](found, value)


def followed(rule, person, as_of):
    first, second = (events_of(step, person, as_of) for step in rule["sequence"])
    length, same = relativedelta(**rule["within"]), rule.get("same")
    key = {"product": "product", "order": "order_id", None: None}[same]
    for a in first:
        if key and a.get(key) is None:
            continue
        after = [b for b in second if b["at"] > a["at"] and b["at"] <= a["at"] + length]
        if key:
            after = [b for b in after if b.get(key) == a[key]]
        if not rule.get("absent") and after:
            return True
        if rule.get("absent") and not after and a["at"] + length <= as_of:
            return True
    return False


def messaged(rule, person, as_of):
    def touched(what, window):
        event = "unsubscribe" if what == "unsubscribed" else f"message_{what}"
        rows = events_of({"event": event, **window}, person, as_of)
        return [
            e
            for e in rows
            if not e["properties"].get("machine")
            and ("channel" not in rule or within(rule["channel"], e["properties"]["channel"]))
            and ("campaign" not in rule or within(rule["campaign"], e["properties"]["reference"]))
        ]

    window = {k: rule[k] for k in ("within_days", "within", "from", "until", "zone") if k in rule}
    wanted = {"eq": 0} if rule.get("never") else rule.get("count", {"gte": 1})
    ((op, value),) = wanted.items()
    if "of_last" not in rule:
        return COMPARE[op](len({e["properties"]["message"] for e in touched(rule["message"], window)}), value)
    last = [e["properties"]["message"] for e in touched("sent", window)][-rule["of_last"] :]
    if len(last) < rule["of_last"]:
        return False
    done = {e["properties"]["message"] for e in touched(rule["message"], {})}
    return COMPARE[op](sum(message in done for message in last), value)


def best(top, as_of, everyone):
    fitting = [
        (person[top["field"]], pk)
        for pk, person in everyone.items()
        if person.get(top["field"]) is not None
        and ("of" not in top or fits(top["of"], person, as_of, everyone))
    ]
    sign = 1 if top.get("order") == "asc" else -1
    fitting.sort(key=lambda pair: (sign * pair[0], pair[1]))
    most = top["n"] if "n" in top else math.ceil(Decimal(len(fitting)) * Decimal(str(top["percent"])) / 100)
    return {pk for _, pk in fitting[:most]}


def within(wanted, value):
    return value in wanted if isinstance(wanted, list) else value == wanted
