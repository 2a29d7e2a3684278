"""How a product's stock stands to its demand: one expression, for lists, pages and calls alike."""

from django.conf import settings

#: The days a forecast is about: recommender.demand.HORIZON, which loads what only workers need.
HORIZON = 28

#: Of `product` joined with its forecast as `demand`: low, over, or nothing. Parameters: supply_bounds().
#: Low is said of what is expected; over only where even the most that is likely leaves it lying.
SUPPLY_SQL = """
CASE WHEN demand.product_id IS NULL OR product.stock IS NULL THEN ''
     WHEN product.stock < demand.expected * %s THEN 'low'
     WHEN product.stock > 0 AND product.stock > demand.high * %s THEN 'over'
     ELSE '' END"""


def supply_bounds() -> tuple[float, float]:
    """Return the four weeks' demands below which stock is low and above which it is too much."""
    return settings.DEMAND_LOW_DAYS / HORIZON, settings.DEMAND_OVER_DAYS / HORIZON
