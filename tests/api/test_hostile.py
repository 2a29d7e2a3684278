"""Hostile input to every call of the REST interface: never a 5xx, always problem details."""

import gzip
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from django.urls import get_resolver

from tests.api.conftest import Partner
from tests.factories.accounts import make_key

pytestmark = pytest.mark.slow

SURROGATE = "\ud800"
DEEP = b'{"a":' * 900 + b"1" + b"}" * 900
PARTS = ["%00", "a%00b", "%2F", "%2e%2e", "%F0%9F%8D%B5", "%ED%A0%80", "%FF", "x" * 3000, "%0A", "'--", "{}"]
UUID = "018f0000-0000-7000-8000-000000000000"


def routes() -> list[tuple[str, Any]]:
    """Return each address of the interface as a template with {} for its part, and its view class."""
    found = []
    api = next(p for p in get_resolver().url_patterns if str(p.pattern) == "api/")
    v1 = next(p for p in api.url_patterns if str(p.pattern) == "v1/")
    for pattern in v1.url_patterns:
        text = str(pattern.pattern).lstrip("^").removesuffix("$").removesuffix("/?")
        start, end = text.find("("), text.rfind(")")
        if start >= 0:
            text = text[:start] + "{}" + text[end + 1 :]
        found.append((f"/api/v1/{text}", pattern.callback.view_class))
    return found


def calls() -> list[tuple[str, str]]:
    return [
        (method.upper(), path)
        for path, view in routes()
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(view, method)
    ]


CALLS = calls()
VALUES: list[Any] = [
    None, True, 0, -1, 1e308, 10**40, "", "x" * 70_000, "\0", SURROGATE, "a\0b", [], {}, [[]], [{}], [None],
    {"\0": 1}, {SURROGATE: SURROGATE}, "2017-13-01T00:00:00Z", "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00", "1e400", "NaN", "Infinity", "-0", float("nan"), float("inf"),
    "{{ 7 * 7 }}", "' OR 1=1 --", "١٢", "sNaN",
]  # fmt: skip
NAMES = ["limit", "cursor", "objective", "strategy", "explain", "format", "page", "ordering", "\0"]
WORST = ["\0", "-1", "é", "x" * 5000, "", "html", "2030-01-01"]
QUERIES = [
    *WORST, "0", "1e9", "9" * 400, "cD0w", "bz0x", "cD0lMDA=", "[]", "true", "%", "cD0nJw==", "bz0tMQ==",
    "cj14", "/w==",
]  # fmt: skip
CODE = {
    "code": "ABC",
    "customer": "c",
    "order": {"id": "o", "lines": [{"sku": "a", "quantity": 1, "price": "2.00"}]},
}
RULE = {
    "all": [{"field": "profile.orders", "op": "gte", "value": 3}, {"event": "purchase", "count": {"gte": 3}}]
}
BODIES: dict[str, Any] = {
    "/api/v1/events": {
        "message_id": "m", "type": "purchase", "source": "s", "occurred_at": "2026-01-01T00:00:00Z",
        "customer": "c", "anonymous_id": "a", "sku": "s", "order_id": "o", "quantity": 1,
        "amount": {"amount": "1.00", "currency": "USD"}, "properties": {"a": 1},
    },
    "/api/v1/customers": [{
        "external_id": "c", "first_name": "A", "last_name": "B", "email": "a@demo.invalid",
        "phone": "+4930123456", "birthday": "1990-01-01", "locale": "en", "time_zone": "UTC", "country": "DE",
        "attributes": {"a": 1},
    }],
    "/api/v1/products": [{
        "sku": "s", "name": "N", "category": ["A", "B"], "brand": "b", "attributes": {}, "stock": 1,
        "price": {"amount": "1.00", "currency": "USD"}, "url": "https://e.invalid/", "active": True,
    }],
    "/api/v1/segments": {"name": "N", "slug": "n", "description": "d", "rule": RULE},
    "/api/v1/segments/preview": {"rule": RULE},
    "/api/v1/coupons/validate": CODE,
    "/api/v1/coupons/reserve": CODE | {"minutes": 5},
    "/api/v1/coupons/redeem": CODE,
    "/api/v1/coupons/rollback": {"code": "ABC", "order": {"id": "o"}},
    "/api/v1/promotions/evaluate": {"customer": "c", "lines": CODE["order"]["lines"]},
    "/api/v1/campaigns": {
        "slug": "c", "name": "C", "kind": "email", "segment": "s", "template": "t", "objective": "replenish",
        "pool": UUID, "promotion": "p", "experiment": "e", "goal_days": 28,
    },
    "/api/v1/experiments": {
        "key": "e", "name": "E", "salt": "s", "hypothesis": "h", "metric": "conversion", "window_days": 7,
        "variants": [{"key": "a", "name": "A", "weight": 1, "is_control": True, "levers": {"subject": "S"}}],
        "holdout_share": "0.1", "alpha": 0.05, "horizon": 100, "planned_looks": 2, "layer": "l",
        "layer_share": 0.5,
    },
    "/api/v1/experiments/{}/assignments": {"customers": ["c"]},
    "/api/v1/experiments/{}/exposures": {
        "exposures": [{"customer": "c", "at": "2026-01-01T00:00:00Z"}]
    },
    "/api/v1/experiments/{}/decide": {"winner": "a", "reason": "r"},
}  # fmt: skip
BODIES["/api/v1/customers/{}"] = {
    k: v for k, v in BODIES["/api/v1/customers"][0].items() if k != "external_id"
}
BODIES["/api/v1/products/{}"] = {k: v for k, v in BODIES["/api/v1/products"][0].items() if k != "sku"}


def variants(body: Any):
    """Yield the body with each of its parts replaced by each strange value."""
    yield from VALUES
    if isinstance(body, dict):
        yield body | {"unknown": 1}
        yield body | {SURROGATE: 1}
        for key, part in body.items():
            for other in variants(part) if isinstance(part, dict | list) else VALUES:
                yield body | {key: other}
    elif isinstance(body, list) and body:
        for other in variants(body[0]):
            yield [other]


def raw() -> list[tuple[bytes, dict[str, str]]]:
    return [
        (b"", {}), (b"{", {}), (b"\xff\xfe{}", {}), (DEEP, {}), (b"[" * 100_000, {}), (b"9" * 10_000, {}),
        (b'{"a":1e999}', {}), (b"NaN", {}), (b'"\\ud800"', {}), ("{}".encode("utf-16"), {}),
        (b'{"a": ' + b"[" * 950 + b"]" * 950 + b"}", {}), (b'{"a":1,"a":2}', {}),
        (gzip.compress(b"{}"), {"Content-Encoding": "gzip"}),
        (b"a=1", {"content_type": "application/x-www-form-urlencoded"}),
        (b"{}", {"content_type": "application/json; charset=utf-99"}),
        (b"{}", {"content_type": "application/json; charset=\xff".encode().decode("latin-1")}),
        (b"{}", {"content_type": "/;;"}), (b"{}", {"content_type": ""}),
        (b"<a/>", {"content_type": "text/xml"}),
        (b"--x\r\n", {"content_type": "multipart/form-data; boundary=x"}),
        (b"{}", {"Accept": "text/html"}), (b"{}", {"Accept": "\x00;q=x"}),
        (b"{}", {"Accept-Language": "zh-hans,%%%;q=zz"}), (b"{}", {"Idempotency-Key": ""}),
        (b"{}", {"Idempotency-Key": "x" * 201}), (b"{}", {"Idempotency-Key": "\x00"}),
        (b'{"x": NaN}', {"Idempotency-Key": "k1"}), (b'{"\\ud800": "\\u0000"}', {"Idempotency-Key": "k2"}),
        (DEEP, {"Idempotency-Key": "k3"}), (b"null", {"Idempotency-Key": "k4"}),
    ]  # fmt: skip


def judge(response: Any, told: str) -> str | None:
    """Return what is wrong with an answer, or None."""
    if response.status_code >= 500 and b"not-trained" not in response.content:
        return f"{response.status_code} {told}"
    if response.status_code >= 400:
        if response["Content-Type"] != "application/problem+json":
            return f"{response.status_code} {response['Content-Type']} {told}"
        body = response.json()
        if body["status"] != response.status_code or not body["title"]:
            return f"{body} {told}"
    return None


def attack(partner: Partner, method: str, path: str, body: Any, **headers: str) -> str | None:
    told = f"{method} {path[:80]} {ascii(body)[:160]} {headers}"
    try:
        return judge(partner.call(method, path, body, **headers), told)
    except Exception as error:  # what would be a 500
        return f"{type(error).__name__}: {str(error)[:160]} <- {told}"


@pytest.fixture
def mallory(db, settings):
    settings.API_CALLS_PER_MINUTE = 10**9
    return Partner(make_key("mallory"))


@pytest.mark.parametrize(("method", "path"), [c for c in CALLS if c[0] in ("POST", "PUT", "PATCH")])
def test_strange_bodies(mallory, method, path, monkeypatch):
    for limit in ("PER_SHOPPER", "UNNAMED", "PER_KEY"):
        monkeypatch.setattr(f"campaigns.coupons.throttling.{limit}", 1_000_000)
    monkeypatch.setattr("campaigns.coupons.api.till.MISS_SECONDS", 0.0)
    wrong = []
    address = path.replace("{}", "c1" if "{}" in path and "campaigns" not in path else UUID)
    if method == "PATCH":
        mallory.call("PUT", address, {"name": "x"} if "products" in path else {})
    # What is put and patched goes through the serializers of what is posted.
    for body in variants(BODIES.get(path, {})) if method == "POST" else VALUES:
        wrong.append(attack(mallory, method, address, body))
    for body, headers in raw():
        wrong.append(attack(mallory, method, address, body, **headers))
    wrong = [w for w in wrong if w]
    assert not wrong, "\n".join([str(len(wrong)), *wrong[:40]])


@pytest.mark.parametrize(("method", "path"), [c for c in CALLS if "{}" in c[1]])
def test_strange_addresses(mallory, method, path):
    wrong = [attack(mallory, method, path.replace("{}", part), {}) for part in PARTS]
    wrong = [w for w in wrong if w]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", [p for m, p in CALLS if m == "GET"])
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.long)])
def test_strange_queries(mallory, path, every):
    mallory.call("PUT", "/api/v1/customers/c1", {})
    address = path.replace("{}", "c1" if "customers" in path or "products" in path else UUID)
    # What is counted and what is a place meet every value; the others, which name things, the worst ones.
    pairs = product(NAMES, QUERIES) if every else [*product(NAMES[:2], QUERIES), *product(NAMES[2:], WORST)]
    wrong = [attack(mallory, "GET", f"{address}?{quote(n)}={quote(v)}", None) for n, v in pairs]
    wrong = [w for w in wrong if w]
    assert not wrong, "\n".join(wrong)
