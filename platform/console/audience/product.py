"""A product: what it is, what it cost and costs, and how many there were."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from catalog.models import PriceChange, Product, StockChange
from catalog.prices import WINDOW, reductions
from catalog.selectors import category_names
from console.page import Page
from core import charts, clock
from events.models import PRODUCT_TYPES, Event
from recommendations.demand.selectors import of_product

DAYS = 180
EVENTS = 12


class ProductPage(Page):
    """Facts, price and stock over time, and what happened to it."""

    permission_required = ("catalog.view_product",)
    template_name = "console/product.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what is known of the product. About nine indexed queries."""
        product = get_object_or_404(Product.objects.select_related("category"), pk=self.kwargs["pk"])
        self.title = product.name
        now = clock.now()
        prices = list(PriceChange.objects.filter(product=product, at__lte=now).order_by("-at", "-pk")[:500])
        stocks = list(StockChange.objects.filter(product=product, at__lte=now).order_by("-at", "-pk")[:500])
        context: dict[str, Any] = {
            "product": product,
            "way": category_names(product.category) or [],
            "reduction": reductions([product.pk], as_of=now).get(product.pk),
            "window": WINDOW.days,
            "price_chart": _chart(_("Price"), [(p.at, p.price) for p in prices], now, product.currency),
            "stock_chart": _chart(_("Stock"), [(s.at, s.stock) for s in stocks], now),
            "may_change": self.request.user.has_perm("catalog.change_product"),
            "attributes": sorted(product.attributes.items()) if isinstance(product.attributes, dict) else [],
            "pictures": [url for url in [product.image_url, *product.images] if url],
        }
        if self.request.user.has_perm("recommendations.view_demandforecast"):
            context["demand"] = of_product(product.pk)
        if self.request.user.has_perm("events.view_event"):
            events = Event.objects.filter(product=product, type__in=[t.value for t in PRODUCT_TYPES])
            context["happened"] = events.order_by("-occurred_at")[:EVENTS]
        return super().get_context_data(**context, **kwargs)


def _chart(
    title: str, steps: Sequence[tuple[datetime, Decimal | int]], now: datetime, unit: str = ""
) -> charts.Chart | None:
    """Draw a value day by day, each day as it stood at its end; None without two days to draw."""
    if not steps:
        return None
    zone = clock.shop_zone()
    changes = [(at.astimezone(zone).date(), value) for at, value in reversed(steps)]
    today = now.astimezone(zone).date()
    first = max(changes[0][0], today - timedelta(days=DAYS))
    if first == today:
        return None
    days: list[date] = [first + timedelta(days=n) for n in range((today - first).days + 1)]
    values: list[Decimal | int] = []
    place = 0
    for day in days:
        while place + 1 < len(changes) and changes[place + 1][0] <= day:
            place += 1
        values.append(changes[place][1])
    name = f"{title} ({unit})" if unit else title
    return charts.area(name, days, [charts.Series(title, values)])
