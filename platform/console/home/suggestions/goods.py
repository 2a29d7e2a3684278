"""Products of which too much lies in stock."""

from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext as _

from campaigns.planning.models import Goal
from console.home.models import Suggestion
from console.home.suggestions.base import FEWEST, Found, Shop, count, money

#: Stock that lasts longer at the pace of the last 90 days is too much.
LASTS_DAYS = 270
#: Less than that is not worth a campaign.
LEAST_UNITS = 20

# New products are given three months to sell. Most money first.
_TOO_MUCH = """
WITH stocked AS (
    SELECT p.id, p.sku, p.name, p.stock, coalesce(p.price, 0) AS price, c.path
      FROM catalog_product p LEFT JOIN catalog_category c ON c.id = p.category_id
     WHERE p.active AND p.stock >= %(least)s AND p.created_at < %(as_of)s - interval '90 days'
), sold AS (
    SELECT e.product_id, sum(coalesce(e.quantity, 1)) AS units
      FROM events_event e
     WHERE e.type = 'purchase' AND e.product_id IN (SELECT id FROM stocked)
       AND e.occurred_at >= %(as_of)s - interval '90 days' AND e.occurred_at < %(as_of)s
     GROUP BY 1
)
SELECT s.id, s.sku, s.name, s.stock, s.price, s.path, coalesce(x.units, 0)::float8
  FROM stocked s LEFT JOIN sold x ON x.product_id = s.id
 WHERE coalesce(x.units, 0) * %(days)s < s.stock * 90
 ORDER BY s.stock * s.price DESC, s.id LIMIT 1
"""


class Overstock:
    """The product in which most money lies still."""

    key = "overstock"
    icon = "warehouse"

    def find(self, shop: Shop) -> Iterable[Found]:
        """Find the product, and who buys such things. 10 ms where stock is not tracked."""
        for pk, sku, name, stock, price, path, sold in shop.rows(
            _TOO_MUCH, least=LEAST_UNITS, days=LASTS_DAYS
        ):
            bought = {"category": path} if path else {"product": sku}
            rule = {"all": [{"event": "purchase", "within_days": 365, **bought}]}
            people = shop.of_rule(rule)
            if people and people.number >= FEWEST:
                yield Found(
                    people.number,
                    {**people.facts, "name": name, "stock": stock, "sold": sold,
                     "value": str(stock * price), "months": round(stock / sold * 3) if sold else None},
                    about=str(pk),
                    worth=Decimal(stock) * price,
                    audience=rule,
                    begin={"goal": Goal.CLEAR.value, "product": sku},
                )  # fmt: skip

    def title(self, one: Suggestion) -> str:
        """Name the product."""
        return _("%(stock)s of “%(name)s” lie in stock") % {
            "stock": count(one.fact("stock")),
            "name": one.fact("name"),
        }

    def why(self, one: Suggestion) -> str:
        """Say how long it lasts, what it is worth, and who would buy it."""
        values = {
            "sold": count(one.fact("sold")),
            "months": count(one.fact("months") or 0),
            "value": money(one.fact("value"), whole=True),
            "people": count(one.people),
        }
        if one.fact("months") is None:
            return (
                _("None was sold in 90 days; %(value)s lie there. %(people)s people buy such things.")
                % values
            )
        return (
            _(
                "%(sold)s were sold in 90 days, so it lasts %(months)s months; %(value)s lie there."
                " %(people)s people buy such things."
            )
            % values
        )

    def button(self, one: Suggestion) -> str:
        """Sell it off."""
        return _("Draft a clearance")


RULES = (Overstock(),)
