"""What a campaign may cost: its sending, and the codes that it gives out."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from campaigns import audience
from campaigns.content.rendering import render_short
from campaigns.content.variables import SAMPLE
from campaigns.models import Campaign
from campaigns.planning.models import campaign_rules
from campaigns.promotions.benefits import parse_benefit
from campaigns.promotions.models import Promotion
from core.money import round_money
from customers.models import Channel
from delivery.channels.sms.parts import measure as measure_sms


def cost_of(campaign: Campaign, people: int) -> Decimal | None:
    """Return what sending would cost by the shop's own prices; None where none is stated."""
    rules = campaign_rules()
    if campaign.channel == Channel.EMAIL:
        return None if rules.email_cost is None else rules.email_cost * people / 1000
    if campaign.channel == Channel.SMS and rules.sms_cost is not None and campaign.content is not None:
        short = render_short(campaign.content, dict(SAMPLE))
        return rules.sms_cost * people * measure_sms(f"{short.text} {short.url}".strip()).parts
    return None


_BASKET = """
SELECT avg(p.basket_value) FROM ({members}) AS audience
JOIN profiles_customerprofile p ON p.customer_id = audience.customer_id
WHERE p.basket_value > 0
"""


def code_value(promotion: Promotion, campaign: Campaign, *, as_of: datetime) -> Decimal | None:
    """Return what a used code would cost: its amount, what uses cost so far, or its share of a usual basket.

    The usual basket is the audience's own average order. None where nothing is known.
    """
    benefit: Any = parse_benefit(promotion.benefit)
    kind = promotion.benefit.get("kind")
    if kind == "amount":
        amount: Decimal = benefit.amount.of(promotion.currency)
        return amount
    if promotion.used:
        return round_money(promotion.spent / promotion.used, promotion.currency)
    if kind != "percent" or promotion.currency != settings.SHOP_CURRENCY:
        return None
    sql, params = audience.members(campaign, as_of=as_of)
    with connection.cursor() as cursor:
        cursor.execute(_BASKET.format(members=sql), params)
        basket = cursor.fetchone()[0]
    if basket is None:
        return None
    return round_money(Decimal(str(basket)) * Decimal(str(benefit.percent)) / 100, promotion.currency)


def liability(promotion: Promotion, each: Decimal | None, codes: int) -> Decimal | None:
    """Return what it would cost if everybody used their code; a budget bounds it."""
    if each is None:
        return None
    whole = round_money(each * codes, promotion.currency)
    return whole if promotion.budget is None else min(whole, promotion.budget - promotion.spent)
