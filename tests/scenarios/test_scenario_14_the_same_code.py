"""14: the code in the e-mail; the same person sees the same code in the reminder."""

import re
from decimal import Decimal

from campaigns.coupons.models import Coupon
from campaigns.coupons.services import redeem
from campaigns.promotions.carts import Order
from tests.scenarios.planning import (  # noqa: F401  fixtures
    MARKS,
    begin,
    make_pool,
    pass_minute,
    people,
    postbox,
    saved,
    send,
    step,
    window,
)  # fmt: skip

pytestmark = MARKS
LINES = [{"sku": "P0", "quantity": 1, "price": Decimal("20.00")}]


def codes(mails) -> dict[str, str]:
    """Return the code in each mail, by its address."""
    bodies = {mail["To"]: mail.get_body(("plain",)).get_content() for mail in mails}
    return {to: re.search(r"[A-Z0-9]{4,6}-[A-Z0-9]{4,6}", body)[0] for to, body in bodies.items()}


def test_the_reminder_has_the_same_code(window, people, postbox):  # noqa: F811
    make_pool(30)
    campaign = begin(window, "reward")
    step(window, campaign, "audience")
    window.page.check("[data-field=segment][value='']")
    saved(window)
    step(window, campaign, "review")
    assert "Send to 12 people" in window.page.inner_text(".pw-send")
    send(window)
    later = pass_minute()
    first = codes(postbox.mails)
    assert len(set(first.values())) == 12
    postbox.mails.clear()
    window.go(f"/admin/campaigns/{campaign.pk}/report/")
    used = Coupon.objects.get(customer=people[3])
    redeem(used.code, customer=people[3], order=Order("o1", LINES, "USD"), now=later)
    window.page.click("button:has-text('Remind')")
    window.page.wait_for_url("**/plan/goal/")
    window.page.wait_for_selector("[data-field=name][value$='(reminder)']")
    step(window, campaign, "review")
    send(window)
    pass_minute(later)
    assert codes(postbox.mails) == {to: code for to, code in first.items() if to != "c3@demo.invalid"}
    assert Coupon.objects.exclude(customer=None).count() == 12
    assert window.complaints == []
