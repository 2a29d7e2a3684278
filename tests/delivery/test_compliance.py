"""Every way by which a campaign's mail comes about keeps the rules, tracked and signed as in production."""

import pytest

from campaigns.actions import create_campaign, launch_campaign
from campaigns.content.services import create_template
from campaigns.coupons.pools import create_pool, generate_codes
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from core import clock
from customers.models import Consent, Customer
from delivery.channels.email import dkim
from delivery.models import Message, ReceivedMail, Run
from delivery.outbox.send import deliver
from delivery.selectors.mailbox import parse
from tests.delivery.compliance import assert_compliant
from tests.factories.campaigns import make_lists, make_products, starter
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db(transaction=True)

KEY = dkim.generate("rsa")
BARE = [{"kind": "text", "text": "Hello {{ customer.first_name }}\n\n[x](y) {% if true %}yes{% endif %}"}]
FULL = [
    {"kind": "header", "title": "{{ shop.name }}"},
    {"kind": "heading", "text": "Hello"},
    {
        "kind": "image",
        "url": "https://shop.example/a.png",
        "alt": "A",
        "link": "https://shop.example/a?x=1&y=2",
    },
    {"kind": "button", "label": "Go", "url": "https://shop.example/go?utm_source=own"},
    {"kind": "divider"},
    {"kind": "footer", "text": "Corner Shop Ltd."},
]


@pytest.fixture(autouse=True)
def as_in_production(settings):
    settings.TRACKING = True
    settings.BOUNCE_ADDRESS = "bounce@demo.invalid"
    settings.DKIM_KEYS = [{"domain": "demo.invalid", "selector": "r1", "key": dkim.pem(KEY).decode()}]
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"


def contents(now):
    """Return the contents of each way, by name, with what its campaign needs beside them."""
    promotion = Promotion.objects.create(
        slug="ten", name="Ten", benefit={"kind": "percent", "percent": "10"}, currency="USD",
        created_at=now, needs_code=True, active=True,
    )  # fmt: skip
    pool = create_pool(name="Ten", promotion=promotion, now=now)
    generate_codes(pool, 10, now=now)
    return {
        "picks": {"content": starter("recommendations", now=now)},
        "coupon": {"content": starter("coupon", now=now), "pool": pool, "kind": Campaign.Kind.COUPON},
        "bare": {"content": create_template(name="Bare", subject="Hi", blocks=BARE, now=now)},
        "full": {"content": create_template(name="Full", subject="Hi", blocks=FULL, now=now)},
    }  # fmt: skip


def test_every_content_in_both_languages(sink, now):
    customers = make_customers(2, now=now)
    Customer.objects.filter(pk=customers[1].pk).update(locale="zh_CN")
    make_lists("popularity", make_products(3, now=now), customers, now=now, champion=True)
    checked = set()
    for name, fields in contents(now).items():
        campaign = create_campaign(
            user=None, now=now, name=name, slug=name, **{"kind": Campaign.Kind.EMAIL, **fields}
        )
        launch_campaign(campaign, user=None, now=now, as_of=now)
        run = Run.objects.get(reference=str(campaign.pk))
        assert deliver(run.pk, clock=clock.now) == 2, name
        for customer, language in zip(customers, ("en", "zh-hans"), strict=True):
            message = Message.objects.get(run=run, customer_id=customer.pk)
            mail = ReceivedMail.objects.get(message_id=message.message_id)
            assert bytes(mail.raw).startswith(b"DKIM-Signature:")
            assert mail.envelope_from.startswith("bounce+")
            html = parse(mail).html
            assert html.count("/t/o/") == 1
            assert ("/t/c/" in html) == (name != "bare")
            assert "https://shop.example/go" not in html
            assert_compliant(mail, customer_id=customer.pk, language=language)
            checked.add((name, language))
        Consent.objects.update(granted=True)
    assert len(checked) == 8


def test_the_check_finds_what_is_missing(sink, now):
    """A mail without the footer's link fails the check: it can fail."""
    [customer] = make_customers(1, now=now)
    campaign = create_campaign(
        user=None, now=now, name="x", slug="x", kind=Campaign.Kind.EMAIL,
        content=create_template(name="Bare", subject="Hi", blocks=BARE, now=now),
    )  # fmt: skip
    launch_campaign(campaign, user=None, now=now, as_of=now)
    deliver(Run.objects.get().pk, clock=clock.now)
    mail = ReceivedMail.objects.get()
    whole = bytes(mail.raw)
    for old, new in (
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"X: y"), (b">Unsubscribe<", b">Bye<"),
        (b"To: c0@demo.invalid", b"To: c0@demo.invalid, c1@demo.invalid"), (b"1 Market Street", b""),
    ):  # fmt: skip
        assert old in whole, old
        mail.raw = whole.replace(old, new)
        with pytest.raises(AssertionError):
            assert_compliant(mail, customer_id=customer.pk)
