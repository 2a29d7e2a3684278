"""Attribution once more, in plain Python and without a thought of speed."""

from datetime import timedelta
from decimal import Decimal

STRENGTH = {"coupon": 3, "click": 2, "open": 1, "sent": 0}


def attribute(orders, touches, windows, goals):
    """Return {(model, customer, order): (message, touch, amount)}.

    `orders` are dicts of customer, order, lines [(at, amount)], refunds, cancelled, coupon (a message or
    None); `touches` of customer, message, campaign, channel, kind, at, machine; goals are days by campaign.
    """
    found = {}
    for order in orders:
        if order["cancelled"] or not order["lines"]:
            continue
        at = min(moment for moment, _ in order["lines"])
        amount = max(Decimal(0), sum(a for _, a in order["lines"]) - sum(abs(r) for r in order["refunds"]))
        candidates = []
        for touch in touches:
            days = windows.get(touch["channel"], {}).get(touch["kind"])
            if touch["customer"] != order["customer"] or touch["machine"] or days is None:
                continue
            window = timedelta(days=min(days, goals[touch["campaign"]]))
            if at - window < touch["at"] <= at:
                candidates.append((touch["at"], touch["kind"], touch["message"]))
        if order["coupon"]:
            candidates.append((at, "coupon", order["coupon"]))
        if not candidates:
            continue
        last = max(candidates, key=lambda c: (c[0], STRENGTH[c[1]], c[2]))
        first = min(candidates, key=lambda c: (c[0], -STRENGTH[c[1]], -c[2]))
        for model, (_, kind, message) in (("last", last), ("first", first)):
            found[model, order["customer"], order["order"]] = (message, kind, amount)
    return found
