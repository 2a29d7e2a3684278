"""What the demo tells: a supermarket in November 2017, its campaigns, and when they happen.

Everything here was fixed before the first run and is not tuned to the outcome, the salt above all.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

DATASET = "complete_journey"
SHOP_NAME = "Complete Journey"
POSTAL_ADDRESS = "Complete Journey, 1 Market Street, Demo City"

#: The moment of the launch; everything is known, trained and chosen as of it.
LAUNCH = datetime(2017, 11, 6, tzinfo=UTC)
WINDOW_DAYS = 28
#: The demo shop's present: the day on which the campaigns' window has passed.
PRESENT = LAUNCH + timedelta(days=WINDOW_DAYS)

SALT = "complete-journey-2017"
HOLDOUT = 0.1
OBJECTIVE = "replenish"
CURRENCY = "USD"
POOL = "Ten percent back"
CODES = 1000
TEN_PERCENT = "ten-percent"
SNACKS = "grocery/bag-snacks"

USER = "demo"
API_KEY_NAME = "Demo partner"
SHOP_KEY_NAME = "Demo shop"


@dataclass(frozen=True, slots=True)
class CampaignStory:
    """A campaign of the demo by the words of the form."""

    slug: str
    name: str
    kind: str
    segment: str | None = None


EMAIL = CampaignStory("regulars-by-mail", "Your favourites this November", "email")
COUPON = CampaignStory("ten-percent-back", "10 % for those we miss", "coupon", "at-risk")
PROMOTION = CampaignStory("three-for-two-snacks", "Salty snacks: three for two", "promotion")

EXPERIMENT = "best-sellers-or-hybrid"
VARIANTS: list[dict[str, Any]] = [
    {
        "key": "best-sellers",
        "name": "Best-sellers",
        "weight": 1,
        "is_control": True,
        "levers": {"strategy": "popularity"},
    },
    {
        "key": "hybrid",
        "name": "Hybrid",
        "weight": 1,
        "is_control": False,
        "levers": {"strategy": "hybrid"},
    },
]

PROMOTIONS: list[dict[str, Any]] = [
    {
        "slug": TEN_PERCENT,
        "name": "10 % off one basket",
        "conditions": [{"kind": "basket_amount", "min": "10.00"}],
        "benefit": {"kind": "percent", "percent": "10"},
        "needs_code": True,
        "limit_per_customer": 1,
    },
    {
        "slug": PROMOTION.slug,
        "name": PROMOTION.name,
        "conditions": [{"kind": "categories", "any": [SNACKS], "min_quantity": 3}],
        "benefit": {"kind": "cheapest_free", "every": 3, "on": {"categories": [SNACKS]}},
        "active": False,
    },
]
