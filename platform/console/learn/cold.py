"""Products that hardly anybody bought: how they are reached, and which are not reached at all."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.page import Page
from recommendations.dispatch import going_on
from recommendations.models import ColdProduct
from recommendations.quality import selectors
from recommendations.reasons import SENTENCES
from recommendations.services.lists import offerable

ROWS = 50
WHICH = ("unreached", "listed", "all")


class Cold(Page):
    """The report on cold products."""

    permission_required = ("recommendations.view_coldproduct",)
    template_name = "console/recommendations/cold.html"
    title = gettext_lazy("Hardly bought")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return counts, ways and one page of products. Five queries."""
        asked = self.request.GET
        counts = selectors.cold_counts()
        which = asked.get("which", "unreached" if counts.unreached else "all")
        which = which if which in WHICH else "all"
        number = asked.get("page", "1")
        page = int(number) if number.isdecimal() and number.isascii() and 0 < len(number) < 6 else 1
        rows = selectors.cold_products(which, limit=ROWS + 1, offset=(max(page, 1) - 1) * ROWS)
        offered = offerable().count()
        return super().get_context_data(
            counts=counts,
            share=counts.products / offered if offered else 0.0,
            clicks=counts.clicks / counts.impressions if counts.impressions else None,
            parts=[(_said(part), products, lists) for part, products, lists in selectors.cold_parts()],
            which=which,
            tabs=[
                ("unreached", _("Reached by nothing"), counts.unreached),
                ("listed", _("On people's lists"), counts.listed),
                ("all", _("All"), counts.products),
            ],
            rows=[(row, _why(row)) for row in rows[:ROWS]],
            more=len(rows) > ROWS,
            page=max(page, 1),
            as_of=rows[0].as_of if rows else None,
            working=going_on("review-lists"),
            may_review=self.request.user.has_perm("recommendations.change_strategy"),
            may_change=self.request.user.has_perm("recommendations.add_listrule"),
            **kwargs,
        )


def _said(part: str) -> str:
    return _(SENTENCES[part]) if part in SENTENCES else part


def _why(row: ColdProduct) -> str:
    """Say how a product is reached, or what keeps it from being reached."""
    if row.lists or row.beside:
        ways = [_said(part) for part in sorted(row.parts, key=lambda part: -row.parts[part])[:2]]
        if row.beside:
            ways.append(_("Beside other products"))
        return " · ".join(ways)
    product = row.product
    if product.category is None and not product.brand:
        return _("It has neither category nor brand, so nothing is known to be like it.")
    if row.buyers == 0:
        return _("Nobody bought it yet, and better known products of its kind come before it.")
    return _("Too few people bought it to tell who else would.")
