"""Bundles that suggest themselves: what is bought together, with what it costs, one click from the rule."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.dispatch import start_job
from console.answers import Answer
from console.data.jobs import view_of
from console.offers.suggestions import prices_of
from core import clock
from core.figures import money_text, number
from core.money import round_money
from recommendations import bundles


class Bundles(Answer):
    """What is bought together. Where it was never looked for, or not lately, looking begins."""

    permission_required = ("promotions.change_promotion",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return at most a dozen, and whether a worker is still looking. Four queries."""
        now, found, going = clock.now(), bundles.latest(), bundles.working()
        old = found is None or now - found.created_at > bundles.FRESH
        if old and (going is None or view_of(going, now)["stale"]):
            user: Any = self.request.user
            going = start_job(bundles.KIND, now=now, user=user)
        return {
            "working": going is not None,
            "results": _told(bundles.suggested(found)) if found else [],
            "none": found is not None and not (found.result or {}).get("bundles"),
        }


def _told(found: list[bundles.Bundle]) -> list[dict[str, Any]]:
    prices = prices_of([product for bundle in found for product in bundle.products])
    told = []
    for bundle in found:
        each = [prices.get(product.pk) for product in bundle.products]
        known = [price for price in each if price is not None]
        whole = round_money(sum(known), settings.SHOP_CURRENCY) if len(known) == len(each) and known else None
        told.append(
            {
                "items": [{"sku": product.sku, "name": product.name} for product in bundle.products],
                "price": None if whole is None else money_text(whole),
                "words": _("together in %(baskets)s baskets, at least %(lift)s × as often as by chance")
                % {"baskets": number(bundle.baskets), "lift": number(bundle.lift, 1)},
            }
        )
    return told
