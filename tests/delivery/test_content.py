"""What each person really gets: segments, bundles, best-sellers, and the mail as a page."""

import pytest
from django.test import Client

from campaigns.actions import create_campaign, launch_campaign
from campaigns.content.services import create_template
from campaigns.coupons.pools import create_pool, generate_codes
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from catalog.models import Product
from core import clock
from customers.models import Customer
from delivery.models import Message, ReceivedMail, Run
from delivery.outbox.send import deliver
from delivery.selectors.mailbox import parse
from segments.models import Segment, SegmentMembership
from tests.factories.campaigns import make_lists, make_products
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db(transaction=True)
BLOCKS = [
    {"kind": "text", "text": "For friends alone", "only": {"about": "segment", "value": "friends"}},
    {"kind": "recommendations", "title": "For you", "count": 2, "fallback": "hide"},
    {"kind": "bundle", "id": "set", "title": "The set", "skus": ["P0", "P1"]},
]


def send(content, now, slug, **fields):
    campaign = create_campaign(
        user=None, now=now, name=slug, slug=slug, kind=Campaign.Kind.EMAIL, content=content, **fields
    )
    launch_campaign(campaign, user=None, now=now, as_of=now)
    run = Run.objects.get(reference=str(campaign.pk))
    deliver(run.pk, clock=clock.now)
    return {
        message.customer_id: (message, parse(ReceivedMail.objects.get(message_id=message.message_id)).html)
        for message in Message.objects.filter(run=run, state="sent")
    }


def test_each_person_gets_what_is_for_them(sink, now, settings):
    settings.SHOP_POSTAL_ADDRESS, settings.TRACKING = "1 Market Street", False
    friend, other = make_customers(2, now=now)
    products = make_products(3, now=now)
    make_lists("popularity", products, [friend], now=now, champion=True)
    segment = Segment.objects.create(slug="friends", name="Friends", rule={"all": []}, created_at=now)
    SegmentMembership.objects.create(segment=segment, customer=friend, entered_at=now)
    content = create_template(name="Mixed", subject="Hi", blocks=BLOCKS, now=now)
    got = send(content, now, "mixed")
    theirs = got[friend.pk][1]
    assert "For friends alone" in theirs
    assert "Product 2" not in theirs.partition("The set")[0].partition("For you")[0]
    assert "$4.00" in theirs  # 1.50 and 2.50
    assert "For friends alone" not in got[other.pk][1]
    assert "The set" in got[other.pk][1]
    Product.objects.filter(sku="P1").update(stock=0)
    again = send(content, now, "again")
    assert "The set" not in again[friend.pk][1]


def test_a_mail_can_be_read_as_a_page_by_its_link_alone(sink, now, settings):
    settings.SHOP_POSTAL_ADDRESS, settings.TRACKING = "1 Market Street", False
    [ada] = make_customers(1, now=now)
    Customer.objects.filter(pk=ada.pk).update(first_name="<b>Ada</b>")
    blocks = [{"kind": "heading", "text": "Hello {{ customer.first_name }}"}]
    message, html = send(create_template(name="M", subject="x", blocks=blocks, now=now), now, "m")[ada.pk]
    link = html.partition(f"{settings.PUBLIC_URL}/v/")[2].partition('"')[0]
    client = Client()
    page = client.get(f"/v/{link}")
    assert page.status_code == 200
    assert "Hello &lt;b&gt;Ada" in page.content.decode()
    assert "sandbox" in page["Content-Security-Policy"]
    assert page["X-Robots-Tag"] == "noindex"
    assert client.get(f"/v/{link[:-2]}xx").status_code == 404
    assert client.get("/v/preview").status_code == 404
    # Neither a link to unsubscribe nor an unsent message opens one.
    leave = html.partition(f"{settings.PUBLIC_URL}/u/")[2].partition('"')[0]
    assert client.get(f"/v/{leave}").status_code == 404
    Message.objects.filter(pk=message.pk).update(state="skipped")
    assert client.get(f"/v/{link}").status_code == 404
    Message.objects.filter(pk=message.pk).update(state="sent")
    ada.delete()
    assert client.get(f"/v/{link}").status_code == 404


def test_those_without_a_code_are_left_out_unless_there_is_something_for_them(sink, now, settings):
    settings.SHOP_POSTAL_ADDRESS, settings.TRACKING = "1 Market Street", False
    make_customers(3, now=now)
    promotion = Promotion.objects.create(
        slug="ten", name="Ten", benefit={"kind": "percent", "percent": "10"}, currency="USD",
        created_at=now, needs_code=True, active=True,
    )  # fmt: skip
    coupon = {"kind": "coupon", "label": "Your code"}
    either = {
        "kind": "conditional",
        "when": {"about": "coupon"},
        "blocks": [coupon],
        "otherwise": [{"kind": "text", "text": "No code this time"}],
    }
    for slug, blocks, sent in (("strict", [coupon], 1), ("kind", [either], 3)):
        pool = create_pool(name=slug, promotion=promotion, now=now)
        generate_codes(pool, 1, now=now)
        content = create_template(name=slug, subject="Hi", blocks=blocks, now=now)
        got = send(content, now, slug, pool=pool)
        assert len(got) == sent
        assert sum("No code this time" in html for _message, html in got.values()) == sent - 1
