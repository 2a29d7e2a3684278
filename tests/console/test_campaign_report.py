"""A campaign's report: what it says, what it leads to, and who may see which tab."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client

from accounts.models import AuditEntry, User
from campaigns import tasks
from campaigns.actions import create_campaign
from campaigns.content.starters import ensure_starter_templates
from campaigns.experiments.services import create_experiment
from campaigns.models import Campaign
from campaigns.outcomes.models import Tally
from campaigns.reports import keeping
from campaigns.reports.figures import Clicks
from catalog.services import upsert_products
from console.engage.report.heat import heat
from core.money import Money
from customers.services import upsert_customers
from delivery.models import Message
from delivery.services import launch
from events.models import Event
from events.services import ingest, record
from tests.factories.accounts import make_key
from tests.factories.delivery import audience_of
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEOPLE = 60
HOME, OTHER = "https://shop.example/", "https://else.example/"


@pytest.fixture
def shop(settings):
    """A campaign to 60 people, every third of them held out; opens, clicks, orders, some left out."""
    settings.SHOP_AS_OF = ""
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"
    upsert_products(
        [
            {"sku": f"p{n}", "name": f"Tea {n}", "price": Money(Decimal("4.50"), "USD"), "url": f"{HOME}p{n}"}
            for n in range(5)
        ],
        START,
    )
    upsert_customers(
        [
            {"external_id": f"c{n}", "first_name": f"Ann{n}", "email": f"c{n}@x.example"}
            for n in range(PEOPLE)
        ],
        START,
    )
    version = ensure_starter_templates(START)["recommendations"]
    experiment = create_experiment(
        key="subject", name="Subject", salt="s", holdout_share=0.333, window_days=10, now=START,
        variants=[
            {"key": "a", "name": "Short", "is_control": True, "levers": {}},
            {"key": "b", "name": "Long", "levers": {}},
        ],
    )  # fmt: skip
    campaign = create_campaign(
        user=None, now=START, name="Spring", slug="spring", kind=Campaign.Kind.EMAIL, goal_days=10,
        content=version, experiment=experiment,
    )  # fmt: skip
    Campaign.objects.filter(pk=campaign.pk).update(state="finished", as_of=START, launched_at=START)
    run = launch(
        source="campaign", reference=str(campaign.pk), channel="email", topic="marketing", as_of=START,
        now=START,
        audience=audience_of(
            now=START, held_out="mod(id, 3) = 0",
            context="jsonb_build_object('variant', CASE WHEN mod(id, 2) = 0 THEN 'a' ELSE 'b' END,"
            f" 'template', '{version.pk}', 'products', '[\"p0\", \"p1\", \"p2\", \"p3\", \"p4\"]'::jsonb)",
        ),
    )  # fmt: skip
    waiting = list(run.messages.filter(state="pending").order_by("id"))
    Message.objects.filter(pk__in=[m.pk for m in waiting[3:]]).update(state="sent", sent_at=START)
    Message.objects.filter(pk__in=[m.pk for m in waiting[:3]]).update(
        state="skipped", skip_reason="no_consent"
    )
    sent = list(run.messages.filter(state="sent").select_related("customer").order_by("id"))
    record(
        [touch(run, m, "message_opened", 1) for m in sent[:20]]
        + [touch(run, m, "message_opened", 0, machine=True) for m in sent[20:25]]
        + [touch(run, m, "message_clicked", 2, url=f"{HOME}p1?utm_source=rapport") for m in sent[:8]]
        + [touch(run, m, "message_clicked", 3, url=f"{OTHER}?utm_source=rapport") for m in sent[:2]],
        START,
    )  # fmt: skip
    held = run.messages.filter(state="held_out").select_related("customer").order_by("id")
    buyers = [m.customer for m in sent[:30]] + [m.customer for m in held[:2]]
    taken = ingest([order(c) for c in buyers], now=START + timedelta(days=9), default_source="shop")
    assert taken.accepted == 32
    return campaign, run, sent


def touch(run, message, kind, hours, *, url="", machine=False):
    at = START + timedelta(hours=hours, minutes=1)
    properties = {"run": str(run.pk), "message": message.pk, "source": "campaign", "channel": "email",
                  "reference": run.reference, "machine": machine}  # fmt: skip
    return {
        "source": "rapport", "type": kind, "customer_id": message.customer_id, "occurred_at": at,
        "message_id": f"{kind}-{message.pk}-{hours}-{url[:15]}", "properties": properties | {"url": url},
    }  # fmt: skip


def order(customer):
    return {
        "message_id": f"o-{customer.pk}", "type": "purchase", "source": "shop", "order_id": f"o{customer.pk}",
        "occurred_at": (START + timedelta(days=2)).isoformat(), "customer": customer.external_id, "sku": "p1",
        "quantity": 1, "amount": {"amount": "20.00", "currency": "USD"},
    }  # fmt: skip


@pytest.fixture
def client():
    client = Client(raise_request_exception=True)
    client.force_login(User.objects.create_superuser("alice", "alice@demo.invalid", "x"))
    return client


def page(client, campaign, tab="", query=""):
    answer = client.get(f"/admin/campaigns/{campaign.pk}/report/{tab}{query}")
    assert answer.status_code == 200
    return words(answer.content.decode().partition('id="page-main"')[2])


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_verdict_comes_first_and_the_way_to_the_order_follows(client, shop):
    campaign, _run, _sent = shop
    text = page(client, campaign)
    # 30 of 40 written to ordered, 2 of 20 held out: 65 points, hence 26 more people and 13.00 a person.
    assert "It worked: about 26 more people ordered than would have without it." in text
    assert "75.0% of those written to ordered, against 10.0% of those held out." in text
    assert "It brought $520 in extra revenue, likely between $3" in text
    way = [
        "Audience 60",
        "May be written to 37",
        "Sent 37",
        "Delivered 37",
        "Opened 20",
        "Clicked 8",
        "Ordered 30",
    ]
    steps = text.partition("From audience to order")[2]
    found = [steps.index(step) for step in way]
    assert found == sorted(found)
    assert "+ 5 machines" in text
    assert "No consent 3" in text
    assert "20 people were held out on purpose" in text
    assert "The arms of the test" in text
    assert "Short" in text


def test_nothing_is_claimed_while_the_window_is_open(client, shop):
    campaign, run, _sent = shop
    now = datetime.now(UTC)
    run.as_of = now - timedelta(days=1)
    run.save(update_fields=["as_of"])
    text = page(client, campaign)
    assert "Too early to say whether it works." in text
    assert "It worked" not in text


def test_a_broken_split_and_few_orders_are_not_a_result(client, shop):
    campaign, _run, _sent = shop
    experiment = campaign.experiment
    experiment.holdout_share = Decimal("0.050")
    experiment.save(update_fields=["holdout_share"])
    assert "The comparison cannot be trusted." in page(client, campaign)
    experiment.holdout_share = Decimal("0.333")
    experiment.save(update_fields=["holdout_share"])
    keep = list(Event.objects.filter(type="purchase").order_by("id").values_list("id", flat=True)[:20])
    Event.objects.filter(type="purchase").exclude(pk__in=keep).delete()
    Tally.objects.all().delete()
    cache.clear()
    assert "Too few orders to say." in page(client, campaign)


def test_clicks_stand_at_their_links_for_each_arm(client, shop):
    campaign, _run, sent = shop
    version = campaign.content
    for arm in ("a", "b"):
        mine = [m for m in sent if m.context["variant"] == arm]
        product = sum(m in sent[:8] for m in mine)
        other = sum(m in sent[:2] for m in mine)
        answer = client.get(f"/admin/campaigns/{campaign.pk}/report/content/?arm={arm}&version={version.pk}")
        text = words(answer.content.decode())
        assert f"Recommended product 2 {product} 100% {product} 0" in text
        if other:
            assert re.search(rf"https://else.example/ not in the mail shown {other} ", text)
        [frame] = re.findall(r'iframe src="([^"]+)"', answer.content.decode())
        mail = client.get(frame)
        assert mail["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert f'rp-heat rp-h4 rp-first">100% · {product}<' in mail.content.decode()
        assert "Tea 1" in mail.content.decode()


def test_a_mail_is_marked_at_every_link_once_with_words():
    mail = (
        '<html><body><a href="https://a.example/x?y=1&amp;utm_source=r"><img alt="Blue tea"></a>'
        "<a class='b' href='https://a.example/x?y=1'>Again</a><a href=\"mailto:x@y\">write</a>"
        '<a href="https://b.example/">Other &amp; more</a></body></html>'
    )
    rows = [Clicks(None, "", "https://a.example/x?y=1", 5, 4, 1), Clicks(None, "", "product:3", 2, 2, 0)]
    marked, spots = heat(mail, rows, clickers=8, products={})
    assert [(s.label, s.people, s.machines, s.share, s.level, s.shown) for s in spots] == [
        ("Blue tea", 4, 1, 0.5, 4, True),
        ("Other & more", 0, 0, 0.0, 0, True),
        ("Recommended product 3", 2, 0, 0.25, 3, False),
    ]
    assert marked.count("rp-first") == 2 + marked.count(".rp-first")
    assert 'href="mailto:x@y">write' in marked
    assert '<span class="rp-heat rp-h4 rp-first">50% · 4</span><img alt="Blue tea">' in marked


def test_people_are_found_by_what_became_of_them(client, shop, django_assert_max_num_queries):
    campaign, _run, sent = shop
    assert page(client, campaign, "people/").count("Ann") == 50
    assert page(client, campaign, "people/", "?state=skipped").count("No consent") >= 3
    assert page(client, campaign, "people/", "?reason=no_consent").count("Ann") == 3
    opened = page(client, campaign, "people/", "?did=opened")
    assert opened.count("Ann") == 20
    assert page(client, campaign, "people/", "?did=clicked").count("Ann") == 8
    assert page(client, campaign, "people/", "?did=ordered").count("Ann") == 30
    one = sent[0].customer
    text = page(client, campaign, "people/", f"?q={one.external_id}&did=ordered")
    assert "Opened Clicked 1 order Tea 1 $20.00" in text
    assert "Nobody fits" in page(client, campaign, "people/", "?did=unsubscribed")
    assert "Nobody fits" in page(client, campaign, "people/", "?q=%00nobody")
    page(client, campaign, "people/", "?after=x&state=%00&did=1&arm=x&q=" + "x" * 500)
    with django_assert_max_num_queries(22):
        page(client, campaign, "people/")


def test_pages_of_people_meet_without_a_gap(client, shop):
    campaign, _run, _sent = shop
    answer = client.get(f"/admin/campaigns/{campaign.pk}/report/people/").content.decode()
    [more] = re.findall(r'href="\?([^"]*after=[^"]+)"', answer)
    first = set(re.findall(r"/admin/customers/(\d+)/", answer))
    second = set(
        re.findall(
            r"/admin/customers/(\d+)/",
            client.get(f"/admin/campaigns/{campaign.pk}/report/people/?{more}").content.decode(),
        )
    )
    assert (len(first), len(second), first & second) == (50, 10, set())


def test_everybody_can_be_taken_out_by_those_who_may(client, shop):
    campaign, _run, _sent = shop
    answer = client.post(f"/admin/campaigns/{campaign.pk}/report/people/export/")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 61
    assert AuditEntry.objects.filter(action="export").count() == 1


def test_each_tab_asks_for_its_own_right(shop):
    campaign, _run, _sent = shop
    bob = User.objects.create_user("bob", is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="view_campaign"))
    client = Client()
    client.force_login(bob)
    tabs = {tab: client.get(f"/admin/campaigns/{campaign.pk}/report/{tab}").status_code
            for tab in ("", "content/", "people/", "log/")}  # fmt: skip
    assert tabs == {"": 200, "content/": 403, "people/": 403, "log/": 403}
    assert client.post(f"/admin/campaigns/{campaign.pk}/report/people/export/").status_code == 403
    text = page(client, campaign)
    assert "Delivery log" not in text


def test_the_log_lists_what_was_to_go_out(client, shop):
    campaign, run, _sent = shop
    text = page(client, campaign, "log/")
    assert text.count("Ann") == 40
    assert page(client, campaign, "log/", f"?sending={run.pk}").count("Ann") == 40
    assert client.get(f"/admin/campaigns/{campaign.pk}/report/log/?sending=x").status_code == 404


def test_the_same_over_rest(shop):
    campaign, _run, _sent = shop
    key = make_key("k", ("campaigns:read",))
    found = (
        Client()
        .get(f"/api/v1/campaigns/{campaign.pk}/report", headers={"Authorization": f"Api-Key {key}"})
        .json()
    )
    assert found["funnel"] == {
        "audience": 60, "eligible": 37, "sent": 37, "delivered": 37, "opened": 20, "clicked": 8,
        "ordered": 30,
    }  # fmt: skip
    assert found["incremental"]["revenue"] == {"amount": "520.00", "currency": "USD"}
    assert {row["link"]: row["people"] for row in found["links"] if row["variant"] == "a"}.keys() <= {
        "product:2", "https://else.example/",
    }  # fmt: skip
    assert sum(row["people"] for row in found["links"] if row["link"] == "product:2") == 8
    assert found["counted_at"]


def test_figures_of_many_are_counted_by_a_worker(
    client, shop, monkeypatch, django_capture_on_commit_callbacks
):
    campaign, _run, _sent = shop
    asked = []
    cache.clear()
    monkeypatch.setattr(keeping, "FEW", 10)
    monkeypatch.setattr(tasks.count_report, "apply_async", lambda kwargs: asked.append(kwargs))
    with django_capture_on_commit_callbacks(execute=True):
        assert "It is being counted." in page(client, campaign)
        page(client, campaign, "content/")  # asks no second time
    assert asked == [{"campaign_id": str(campaign.pk), "run_id": None}]
    tasks.count_report(**asked[0])
    cache.clear()
    assert "It worked" in page(client, campaign)


def test_a_promotion_that_writes_to_nobody_has_results_alone(client, db):
    promotion = PromotionFactory(created_at=START, active=True)
    campaign = create_campaign(
        user=None,
        now=START,
        name="Cheaper",
        slug="cheaper",
        kind=Campaign.Kind.PROMOTION,
        promotion=promotion,
    )
    Campaign.objects.filter(pk=campaign.pk).update(state="running", as_of=START, launched_at=START)
    text = page(client, campaign)
    assert "End the promotion" in text and "Cancel the rest" not in text
    assert "Delivery log" not in text and "People" not in text


def test_a_mail_is_shown_in_one_language_whoever_looks(client, shop):
    version = shop[0].content
    client.cookies["django_language"] = "zh-hans"
    frame = client.get(f"/admin/templates/{version.template_id}/versions/{version.number}/")
    text = words(frame.content.decode())
    assert "You get this mail because you agreed to hear from Test shop." in text
    assert "Picked for you" in text and not re.search("[\u4e00-\u9fff]", text)
