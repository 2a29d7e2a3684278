"""A shop in which campaigns are planned, and a mouse that counts its clicks."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from campaigns.content.starters import ensure_starter_templates
from campaigns.coupons.models import CouponPool
from campaigns.coupons.pools import create_pool, generate_codes
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from campaigns.schedule.due import begin_due, launch_due
from core import clock
from delivery.models import Run
from delivery.outbox.send import deliver
from segments.services import ensure_ready_made
from tests.campaigns.actions.conftest import postbox  # noqa: F401  the same fixture
from tests.factories.campaigns import make_lists, make_products
from tests.factories.delivery import make_customers
from tests.factories.promotions import PromotionFactory
from tests.factories.shop import PASSWORD
from tests.scenarios import browser
from tests.scenarios.browser import Visit, visit

MARKS = [*browser.MARKS, pytest.mark.long]
PEOPLE = 12


@pytest.fixture
def people(settings, live_server, tmp_path):
    """Store twelve customers who agreed, products for each, the starters; Alice plans, Bob approves."""
    settings.ARTIFACTS = tmp_path
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"
    settings.PUBLIC_URL = live_server.url
    now = clock.now()
    for name, role in (("alice", "marketer"), ("bob", "approver")):
        user = User.objects.create_user(
            name, f"{name}@demo.invalid", PASSWORD, first_name=name.title(), is_staff=True
        )
        user.groups.add(Group.objects.get(name=role))
    ensure_ready_made(now=now)
    people = make_customers(PEOPLE, now=now - timedelta(days=40))
    make_lists("popularity", make_products(6, now=now), people, now=now, champion=True)
    ensure_starter_templates(now)
    return people


def make_pool(codes: int, **promotion) -> CouponPool:
    now = clock.now()
    made: Promotion = PromotionFactory(created_at=now, name="Ten off", **promotion)
    pool = create_pool(name="Ten", promotion=made, now=now)
    generate_codes(pool, codes, now=now)
    return pool


@pytest.fixture
def window(people, live_server) -> Iterator[Visit]:
    """Open a browser in which Alice is signed in."""
    with visit(live_server.url, theme="light", language="en") as window:
        window.sign_in("alice", PASSWORD)
        yield window


def begin(window: Visit, card: str, *, ready: bool = False) -> Campaign:
    """Begin a draft by its card."""
    window.go("/admin/campaigns/new/")
    window.page.click(f"button[name={'ready' if ready else 'goal'}][value={card}]")
    window.page.wait_for_url("**/plan/goal/")
    return Campaign.objects.latest("created_at")


def step(window: Visit, campaign: Campaign, name: str) -> None:
    """Go to a step by the way at the top, and wait for what is counted."""
    window.page.click(f".pw-way a[href$='/{name}/']")
    window.page.wait_for_url(f"**/plan/{name}/")
    window.page.wait_for_selector("[data-plan=live]:not([aria-busy])")


def saved(window: Visit) -> None:
    """Wait until everything is stored and counted anew."""
    window.page.wait_for_selector("[data-plan=state].ok:has-text('Saved')")
    window.page.wait_for_selector("[data-plan=live]:not([aria-busy])")


def send(window: Visit) -> None:
    """Press the button of the review."""
    window.page.click(".pw-send:has-text('Send'), .pw-send:has-text('Switch'), .pw-send:has-text('schedule')")
    window.page.wait_for_selector("[data-undo]")


def pass_minute(now: datetime | None = None) -> datetime:
    """Let the minute go by, and deliver what is due then."""
    later = (now or clock.now()) + timedelta(seconds=61)
    begin_due(now=later, as_of=later)
    launch_due(now=later, as_of=later)
    for run in Run.objects.filter(state="running"):
        deliver(run.pk, clock=lambda: later)
    return later
