"""What the variants of a test change, in words."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from campaigns.content.models import TemplateVersion
from campaigns.coupons.models import CouponPool
from campaigns.experiments.models import Variant
from recommendations.models import Strategy


def names_of(variants: Sequence[Variant]) -> dict[tuple[str, str], str]:
    """Return the names of what levers point at, by lever and value. At most three queries."""
    pointed = {(name, str(value)) for v in variants for name, value in v.levers.items()}
    found: dict[tuple[str, str], str] = {}
    if contents := [int(value) for name, value in pointed if name == "content" and value.isdigit()]:
        there = TemplateVersion.objects.select_related("template").in_bulk(contents)
        found |= {("content", str(pk)): one.template.name for pk, one in there.items()}
    if pools := [value for name, value in pointed if name == "pool"]:
        found |= {("pool", str(pk)): pool.name for pk, pool in CouponPool.objects.in_bulk(pools).items()}
    if keys := [value for name, value in pointed if name == "strategy"]:
        ways = Strategy.objects.filter(key__in=keys).values_list("key", "name")
        found |= {("strategy", key): name for key, name in ways}
    return found


def in_words(levers: dict[str, Any], called: dict[tuple[str, str], str]) -> list[tuple[str, str]]:
    """Return what a variant changes, in words."""
    words = {
        "subject": _("Subject"),
        "content": _("Content"),
        "strategy": _("Products by"),
        "pool": _("Coupon pool"),
        "value": _("Coupon, in percent"),
        "send_hour": _("Sent at"),
    }
    shown = []
    for name, value in levers.items():
        if name == "subject" and isinstance(value, dict):
            value = " · ".join(str(text) for text in value.values())
        if name == "features":
            name, value = _("Tone"), value.get("tone", "")
        if name == "send_hour":
            value = f"{int(value):02}:00"
        shown.append((words.get(name, name), called.get((name, str(value)), str(value))))
    return shown
