"""What a template may name, and sample values to try it with."""

from typing import Any

#: Paths that every message gets; `product` is the loop variable of a block of products.
KNOWN: dict[str, tuple[str, ...]] = {
    "customer": ("first_name", "last_name", "locale", "language", "country", "segments"),
    "shop": ("name", "address", "url"),
    "coupon": ("code", "expires", "offer", "how"),
    "product": (
        "sku",
        "name",
        "price",
        "currency",
        "url",
        "image_url",
        "reason",
        "link",
        "picture",
        "initial",
        "cost",
    ),
    "products": (),
    "bundles": (),
    "unsubscribe_url": (),
    "preferences_url": (),
    "view_url": (),
    "footer": ("why", "unsubscribe", "preferences", "view"),
}
#: Members that Liquid itself gives to lists, texts and loops.
_BUILT_IN = {"size", "first", "last"}
_BUNDLE = {"products", "total", "currency"}

SAMPLE: dict[str, Any] = {
    "customer": {
        "first_name": "Ada",
        "last_name": "Byron",
        "locale": "en",
        "language": "en",
        "country": "US",
        "segments": [],
    },
    "shop": {"name": "Corner Shop", "address": "1 Market Square, 12345 Town", "url": "https://shop.example"},
    "coupon": {
        "code": "ABCDE-FGH23",
        "expires": "2030-01-31T18:00:00+00:00",
        "offer": "10% off",
        "how": "This value was chosen automatically.",
    },
    "products": [
        {
            "sku": "S1",
            "name": "Coffee beans",
            "price": "8.90",
            "currency": "USD",
            "url": "https://shop.example/coffee",
            "image_url": "",
            "reason": "You buy this often",
        }
    ],
    "bundles": {},
    "unsubscribe_url": "https://shop.example/u/sample",
    "preferences_url": "https://shop.example/u/sample/preferences",
    "view_url": "",
    "footer": {
        "why": "You get this mail because you agreed to hear from Corner Shop.",
        "unsubscribe": "Unsubscribe",
        "preferences": "Choose what you get",
        "view": "View in the browser",
    },
}


def unknown(paths: set[tuple[str, ...]]) -> list[str]:
    """Return the named variables that no mail has, as `customer.firstname`, sorted."""
    return sorted(".".join(path) for path in paths if not _is_known(path))


def _is_known(path: tuple[str, ...]) -> bool:
    root, *rest = path
    if root == "forloop":
        return True
    if root not in KNOWN:
        return False
    if root == "products":
        return all(member in _BUILT_IN or member.isdigit() or member in KNOWN["product"] for member in rest)
    if root == "bundles":
        return all(member in _BUILT_IN | _BUNDLE for member in rest[1:])
    return not rest or (rest[0] in KNOWN[root] and all(member in _BUILT_IN for member in rest[1:]))
