"""Scenario 16: a test to oneself arrives as it looks, counts nowhere, and burns no code."""

from email import message_from_bytes, policy

from accounts.models import AuditEntry
from campaigns.coupons.models import Coupon
from campaigns.coupons.pools import create_pool, generate_codes
from campaigns.experiments.models import Assignment
from campaigns.promotions.models import Promotion
from delivery.models import Link, Message, Touch
from events.models import Event
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import MARKS, visit
from tests.scenarios.messages import NOW, inbox, look, previewed, shop

__all__ = ["inbox", "shop"]
pytestmark = MARKS


def test_a_test_to_oneself_counts_nowhere_and_burns_no_code(live_server, shop, inbox):
    template = shop["coupon"].template
    promotion = Promotion.objects.create(
        slug="ten", name="Ten", benefit={"kind": "percent", "percent": "10"}, currency="USD", needs_code=True,
        created_at=NOW,
    )  # fmt: skip
    pool = create_pool(name="Ten", promotion=promotion, now=NOW)
    generate_codes(pool, 3, now=NOW)
    before = list(Coupon.objects.order_by("pk").values())
    faults: list[str] = []
    with visit(live_server.url, theme="light", language="en") as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        window.go(f"/admin/templates/{template.pk}/")
        page.fill("[data-ce=person]", "Jun")
        page.click("[data-ce=people] button:has-text('Jun Wang')")
        previewed(window, "Jun")
        page.click("[data-ce=test]")
        assert page.input_value("[data-ce=to]") == "alice@demo.invalid"  # to oneself, unless one says more
        look(window, "template-test", faults)
        page.fill("[data-ce=to]", "not an address")
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelector('[data-ce=testError]')?.textContent")
        assert inbox.mails == []
        page.fill("[data-ce=to]", "mia@demo.invalid, alice@demo.invalid")
        page.keyboard.press("Enter")
        page.wait_for_selector(".ce-told.ok")
        assert faults == []
        assert [c for c in window.complaints if "422" not in c] == []
    mails = [message_from_bytes(raw, policy=policy.default) for raw in inbox.mails]
    assert sorted(mail["To"] for mail in mails) == ["alice@demo.invalid", "mia@demo.invalid"]
    for mail in mails:
        assert "Jun" in mail["Subject"]
        assert "ABCD" in mail.get_body(("html",)).get_content()
        assert "/t/c/" not in mail.as_string()  # no link is followed, no open noted
        assert "/t/o/" not in mail.as_string()
    assert list(Coupon.objects.order_by("pk").values()) == before
    for counted in (Message, Touch, Link, Assignment):
        assert not counted.objects.exists()
    assert not Event.objects.filter(source="rapport").exists()
    [entry] = AuditEntry.objects.filter(action="send_test")
    assert entry.after == {"sent": 2, "refused": 0}
