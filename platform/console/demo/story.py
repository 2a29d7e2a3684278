"""What the demo tells: a supermarket in November 2017, its campaigns, and when they happen.

Everything here was fixed before the first run and is not tuned to the outcome, the salt above all.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
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
CODES = 1000
FIVE_PERCENT, TEN_PERCENT, TWENTY_PERCENT = "five-percent", "ten-percent", "twenty-percent"
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


@dataclass(frozen=True, slots=True)
class PoolStory:
    """A pool of codes of the demo."""

    name: str
    promotion: str
    prefix: str


#: The campaign's own pool comes first; the plan chooses among all of them.
POOLS = (
    PoolStory("Ten percent back", TEN_PERCENT, "TEN"),
    PoolStory("Five percent back", FIVE_PERCENT, "FIVE"),
    PoolStory("Twenty percent back", TWENTY_PERCENT, "TWENTY"),
)
PLAN = "whom-a-coupon-moves"
PLAN_NAME = "Whom a coupon moves this December"
PLAN_BUDGET = Decimal(1000)

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


def _off(slug: str, percent: str) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": f"{percent} % off one basket",
        "conditions": [{"kind": "basket_amount", "min": "10.00"}],
        "benefit": {"kind": "percent", "percent": percent},
        "needs_code": True,
        "limit_per_customer": 1,
    }


PROMOTIONS: list[dict[str, Any]] = [
    _off(TEN_PERCENT, "10"),
    _off(FIVE_PERCENT, "5"),
    _off(TWENTY_PERCENT, "20"),
    {
        "slug": PROMOTION.slug,
        "name": PROMOTION.name,
        "conditions": [{"kind": "categories", "any": [SNACKS], "min_quantity": 3}],
        "benefit": {"kind": "cheapest_free", "every": 3, "on": {"categories": [SNACKS]}},
        "active": False,
    },
]
