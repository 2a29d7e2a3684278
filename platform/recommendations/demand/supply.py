"""How a product's stock stands to its demand: one expression, for lists, pages and calls alike."""

from django.conf import settings

#: The days a forecast is about: recommender.demand.HORIZON, which loads what only workers need.
HORIZON = 28

_SUPPLY = """
CASE WHEN demand.product_id IS NULL OR product.stock IS NULL THEN ''
     WHEN product.stock < demand.expected * {low} THEN 'low'
     WHEN product.stock > 0 AND product.stock > demand.high * {over} THEN 'over'
     ELSE '' END"""


def supply_sql(low: str = "%s", over: str = "%s") -> str:
    """Return an expression of `product` joined with its forecast as `demand`: low, over, or nothing.

    Low is said of what is expected; over only where even the most that is likely leaves it lying. The
    placeholders take supply_bounds().
    """
    return _SUPPLY.format(low=low, over=over)


def supply_bounds() -> tuple[float, float]:
    """Return the four weeks' demands below which stock is low and above which it is too much."""
    return settings.DEMAND_LOW_DAYS / HORIZON, settings.DEMAND_OVER_DAYS / HORIZON
