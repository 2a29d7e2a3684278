"""The stacking rules written as they read, without a thought for speed: what the applicator is held to."""

from decimal import Decimal

from campaigns.promotions.applicator import Offer
from campaigns.promotions.carts import Cart, Situation
from campaigns.promotions.combination import best

Row = list[Decimal]


def judge(offer: Offer, situation: Situation) -> Row | str:
    """Return what the offer takes off each line, or the code of why it gives nothing. No extras here."""
    # A cart of its own: nothing that another offer asked is known to it.
    cart = Cart(situation.cart.lines, situation.cart.currency, situation.cart.prices)
    alone = Situation(cart, situation.shopper, situation.now, situation.channel)
    if any(condition.missing(alone) is not None for condition in offer.conditions):
        return "condition"
    gain = offer.benefit.gain(alone, offer.slug)
    row = [gain.discounts.get(i, Decimal(0)) for i in range(len(cart.lines))]
    if not any(row):
        return "nothing"
    if offer.budget_left is not None and sum(row) > offer.budget_left:
        return "budget"
    return row


def settle(offers: list[Offer], situation: Situation) -> tuple[list[dict[str, Decimal]], dict[str, str]]:
    """Return each line's discounts by promotion, and by the others' names the code of why not."""
    ordered = sorted(offers, key=lambda o: (-o.priority, o.slug))
    judged = {offer.slug: judge(offer, situation) for offer in ordered}
    why = {slug: row for slug, row in judged.items() if isinstance(row, str)}
    rows = {slug: row for slug, row in judged.items() if not isinstance(row, str)}
    able = [offer for offer in ordered if offer.slug in rows]
    alone = [offer for offer in able if offer.stacking == "never"]
    others = [offer for offer in able if offer.stacking != "never"]
    picked, passed = combine(others, rows, situation.cart)
    if alone:
        sole = max(alone, key=lambda o: (o.priority, sum(rows[o.slug])))
        rank = max((o.priority for o in others), default=sole.priority - 1)
        together = sum(capped([rows[o.slug] for o in picked], situation.cart))
        if (sole.priority, sum(rows[sole.slug])) >= (rank, together):
            return take([sole], rows, situation.cart, why | {o.slug: "excluded" for o in able if o != sole})
        passed |= {o.slug: "excluded" for o in alone}
    return take(picked, rows, situation.cart, why | passed)


def combine(others: list[Offer], rows: dict[str, Row], cart: Cart) -> tuple[list[Offer], dict[str, str]]:
    """Take all that always combine, and of the rest the best choice in which no line has two."""
    always = [rows[o.slug] for o in others if o.stacking == "always"]
    common = [o for o in others if o.stacking == "common"]
    rooms = [amount - gone for amount, gone in zip(cart.amounts, capped(always, cart), strict=True)]
    cents = [
        [int(min(off, room) * 100) for off, room in zip(rows[o.slug], rooms, strict=True)] for o in common
    ]
    chosen = best([{i: n for i, n in enumerate(row) if n} for row in cents]).chosen
    picked = {common[k].slug for k in chosen}
    passed = {}
    for offer, left in zip(common, cents, strict=True):
        if offer.slug not in picked:
            meets = any(a and b for slug in picked for a, b in zip(rows[slug], rows[offer.slug], strict=True))
            passed[offer.slug] = "better_offer" if any(left) and meets else "nothing_left"
    return [o for o in others if o.stacking == "always" or o.slug in picked], passed


def capped(rows: list[Row], cart: Cart) -> Row:
    """Return what rows take off each line together."""
    sums = [sum((row[i] for row in rows), Decimal(0)) for i in range(len(cart.lines))]
    return [min(off, amount) for off, amount in zip(sums, cart.amounts, strict=True)]


def take(
    picked: list[Offer], rows: dict[str, Row], cart: Cart, why: dict[str, str]
) -> tuple[list[dict[str, Decimal]], dict[str, str]]:
    """Take the discounts off one after the other."""
    room = list(cart.amounts)
    lines: list[dict[str, Decimal]] = [{} for _line in cart.lines]
    for offer in picked:
        taken = [min(off, left) for off, left in zip(rows[offer.slug], room, strict=True)]
        if not any(taken):
            why = why | {offer.slug: "nothing_left"}
        for i, off in enumerate(taken):
            if off:
                lines[i][offer.slug] = off
                room[i] -= off
    return lines, why
