"""Templates that every shop starts with."""

from datetime import datetime
from typing import Any

from .models import TemplateVersion
from .services import create_template

_HELLO = '{{ customer.first_name | default: "there" }}'

STARTERS: dict[str, dict[str, Any]] = {
    "recommendations": {
        "name": "Picked for you",
        "subject": '{{ customer.first_name | default: "Hello" }}, we picked these for you',
        "preheader": "{{ products.first.name }} and more, chosen from what you like.",
        "blocks": [
            {"kind": "header", "title": "{{ shop.name }}"},
            {"kind": "heading", "text": f"Hi {_HELLO}, ready for your next shop?"},
            {
                "kind": "text",
                "text": "We put a few things aside that we think you will like. Each says why we chose it.",
            },
            {"kind": "recommendations", "title": "Picked for you", "count": 5},
            {"kind": "button", "label": "Go to the shop", "url": "{{ shop.url }}"},
            {"kind": "footer"},
        ],
    },
    "coupon": {
        "name": "A coupon for you",
        "subject": f"{{{{ coupon.offer }}}} for you, {_HELLO}",
        "preheader": "Your own code is inside.",
        "blocks": [
            {"kind": "header", "title": "{{ shop.name }}"},
            {"kind": "heading", "text": "A little thank-you: {{ coupon.offer }}"},
            {
                "kind": "text",
                "text": f"Hi {_HELLO},\n\nthis code is yours alone. Show it at the till, or type it in.",
            },
            {"kind": "coupon", "label": "Your code"},
            {"kind": "button", "label": "Use it now", "url": "{{ shop.url }}"},
            {"kind": "footer"},
        ],
    },
}


def ensure_starter_templates(now: datetime) -> dict[str, TemplateVersion]:
    """Make the starter templates that are not there, and return the newest version of each by its key.

    A shop that has changed one keeps its own.
    """
    found = {}
    for key, fields in STARTERS.items():
        version = TemplateVersion.objects.filter(template__name=fields["name"]).order_by("-number").first()
        found[key] = version or create_template(now=now, **fields)
    return found
