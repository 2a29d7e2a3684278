"""15: a pool smaller than the audience is warned of before launch; those without a code are left out."""

from campaigns.coupons.models import Coupon
from delivery.models import Message, SkipReason
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


def test_it_is_said_before_and_told_afterwards(window, people, postbox):  # noqa: F811
    pool = make_pool(5)
    campaign = begin(window, "reward")
    step(window, campaign, "audience")
    window.page.check("[data-field=segment][value='']")
    saved(window)
    step(window, campaign, "review")
    page = window.page
    assert "The pool has 5 codes left: 7 people would go without" in page.inner_text("[data-plan=warnings]")
    assert page.inner_text("[data-leaving=no_code]").split()[-1] == "7"
    assert "Send to 5 people" in page.inner_text(".pw-send")
    send(window)
    pass_minute()
    assert len(postbox.mails) == 5
    skipped = Message.objects.filter(state="skipped", skip_reason=SkipReason.NO_COUPON)
    assert skipped.count() == 7
    assert Coupon.objects.filter(pool=pool).exclude(customer=None).count() == 5
    assert window.complaints == []
