"""What came of a campaign is counted as one would count it by hand, and kept until it changes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from campaigns.actions import create_campaign
from campaigns.content.starters import ensure_starter_templates
from campaigns.models import Campaign
from campaigns.outcomes.models import Tally
from campaigns.reports import keeping
from campaigns.reports.counting import place_of
from campaigns.reports.figures import Clicks, Day, Figures, Hour, Outcome, Reached, added, read
from campaigns.selectors import report
from catalog.models import Product
from customers.services import upsert_customers
from delivery.models import Message
from delivery.services import launch
from events.services import ingest, record
from tests.factories.delivery import audience_of

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = START + timedelta(days=5)


def send(people=4, held="mod(id, 4) = 0", launch_key="1", campaign=None):
    """Return a campaign sent to `people`, of whom those are held out whose id fits."""
    if campaign is None:
        upsert_customers([{"external_id": f"c{n}", "email": f"c{n}@x.example"} for n in range(people)], START)
        campaign = create_campaign(
            user=None, now=START, name="Spring", slug="spring", kind=Campaign.Kind.EMAIL, goal_days=10
        )
        Campaign.objects.filter(pk=campaign.pk).update(as_of=START)
        campaign.refresh_from_db()
    run = launch(
        source="campaign", reference=str(campaign.pk), channel="email", topic="marketing", launch=launch_key,
        audience=audience_of(
            now=START, held_out=held,
            context="jsonb_build_object('variant', CASE WHEN mod(id, 2) = 0 THEN 'a' ELSE 'b' END)",
        ),
        as_of=START, now=START,
    )  # fmt: skip
    Message.objects.filter(run=run, state="pending").update(state="sent", sent_at=START)
    return campaign, run


def bought(customer, amount, *, days=1.0, order=None, kind="purchase", sku="tea"):
    moment = START + timedelta(days=days)
    return {
        "message_id": f"{kind}-{customer.pk}-{order}-{amount}-{days}-{sku}", "type": kind, "source": "shop",
        "occurred_at": moment.isoformat(), "customer": customer.external_id, "sku": sku, "order_id": order,
        "quantity": 1, "amount": {"amount": amount, "currency": "USD"},
    }  # fmt: skip


def tell(*events):
    taken = ingest(list(events), now=START + timedelta(days=12), default_source="shop")
    assert taken.accepted == len(events), taken


def people_of(run):
    return [m.customer for m in run.messages.select_related("customer").order_by("customer_id")]


def test_orders_are_counted_net_and_each_once():
    campaign, run = send()
    by_arm = {(m.context["variant"], m.state): m.customer for m in run.messages.select_related("customer")}
    held, a, b = by_arm["a", "held_out"], by_arm["a", "sent"], by_arm["b", "sent"]
    tell(
        bought(a, "10.00", order="1"), bought(a, "5.00", order="1", sku="cup"),
        bought(a, "7.00", order="2", days=3),
        bought(a, "4.00", order="1", kind="refund", days=4),  # a part: order 1 is worth 11
        bought(b, "20.00", order="3"), bought(b, "20.00", order="3", kind="cancel", days=2),  # none
        bought(b, "9.00", order="4"), bought(b, "9.00", order="4", kind="refund", days=2),  # given back
        bought(held, "6.00", order="5"),
        bought(held, "50.00", order="6", days=-1),  # before
        bought(held, "50.00", order="7", days=11),  # after the window
    )  # fmt: skip
    figures = keeping.count_now(campaign, [run], sending=None, now=START + timedelta(days=20))
    treated = {o.variant: o for o in figures.outcomes if not o.held_out}
    assert treated["a"] == Outcome("a", False, 1, 1, 2, Decimal(18), Decimal(18 * 18))
    assert treated["b"].people == 2
    assert (treated["b"].buyers, treated["b"].orders, treated["b"].revenue) == (0, 0, Decimal(0))
    assert added(figures.outcomes, held_out=True) == Outcome(None, True, 1, 1, 1, Decimal(6), Decimal(36))
    assert [d for d in figures.days if not d.held_out] == [
        Day(1, False, 1, 1, Decimal(11)),
        Day(3, False, 0, 1, Decimal(7)),
    ]
    assert [(c.held_out, c.people, c.revenue) for c in figures.cohorts] == [
        (False, 3, Decimal(18)),
        (True, 1, Decimal(6)),
    ]


def test_who_is_written_to_twice_counts_once():
    campaign, first = send(people=2, held="false")
    _, second = send(held="false", launch_key="2", campaign=campaign)
    second.as_of = START + timedelta(days=2)
    second.save(update_fields=["as_of"])
    person = people_of(first)[0]
    tell(bought(person, "10.00", order="1", days=3))
    figures = keeping.count_now(campaign, [first, second], sending=None, now=LATER)
    assert sum(o.people for o in figures.outcomes) == 2
    assert sum(o.orders for o in figures.outcomes) == 1
    assert figures.days == [Day(1, False, 1, 1, Decimal(10))]  # after the second one
    assert [(c.people, c.revenue) for c in figures.cohorts] == [(2, Decimal(0)), (2, Decimal(10))]


def test_clicks_are_counted_by_place_and_machines_apart():
    campaign, run = send(people=2, held="false")
    tea, home = "https://shop.example/tea?size=1", "https://shop.example/?utm_source=rapport"
    template = ensure_starter_templates(START)["recommendations"]
    tell(bought(people_of(run)[0], "1.00", order="1", days=-40))  # makes the product

    Product.objects.filter(sku="tea").update(url=tea)
    for message in run.messages.all():
        message.context |= {"template": str(template.pk), "products": ["nothing", "tea"]}
        message.save(update_fields=["context"])
    one, two = run.messages.order_by("id")
    record(
        [
            touch(run, one, "message_opened", 1),
            touch(run, one, "message_opened", 5),
            touch(run, one, "message_clicked", 2, url=f"{tea}&utm_source=rapport"),
            touch(run, one, "message_clicked", 3, url=f"{tea}&utm_source=rapport"),
            touch(run, two, "message_clicked", 2, url=home),
            touch(run, two, "message_clicked", 0, url=home, machine=True),
            touch(run, two, "message_opened", 0, machine=True),
            touch(run, two, "unsubscribe", 9),
        ],
        LATER,
    )
    figures = keeping.count_now(campaign, [run], sending=None, now=LATER)
    arms = [m.context["variant"] for m in (one, two)]
    assert sorted(figures.clicks, key=lambda c: c.place) == [
        Clicks(arms[1], str(template.pk), "https://shop.example/", 1, 1, 1),
        Clicks(arms[0], str(template.pk), "product:2", 2, 1, 0),
    ]
    reached = {r.variant: r for r in figures.reached}
    assert reached[arms[0]] == Reached(arms[0], str(template.pk), sent=1, opened=1, clicked=1)
    did = {"sent": 1, "clicked": 1, "unsubscribed": 1, "opened_by_machine": 1, "clicked_by_machine": 1}
    assert reached[arms[1]] == Reached(arms[1], str(template.pk), **did)
    assert figures.hours == [Hour(1, 1, 0), Hour(2, 0, 2)]


def touch(run, message, kind, hours, *, url="", machine=False):
    at = START + timedelta(hours=hours, minutes=1)
    properties = {"run": str(run.pk), "message": message.pk, "source": "campaign", "channel": "email",
                  "reference": run.reference, "machine": machine}  # fmt: skip
    return {
        "source": "rapport", "type": kind, "customer_id": message.customer_id, "occurred_at": at,
        "message_id": f"{kind}-{message.pk}-{hours}-{machine}", "properties": properties | {"url": url},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://a.example/x?utm_source=r&utm_content=b", "https://a.example/x"),
        ("https://a.example/x?q=1&utm_source=r#top", "https://a.example/x?q=1#top"),
        ("https://a.example/x?q=1", "https://a.example/x?q=1"),
        ("not an address?utm_x=1", "not an address"),
        ("", ""),
    ],
)
def test_an_address_is_a_place_without_what_we_add(url, place):
    assert place_of(url) == place


def test_figures_come_back_as_they_were_kept():
    campaign, run = send()
    tell(bought(people_of(run)[0], "10.25", order="1"))
    figures = keeping.count_now(campaign, [run], sending=None, now=LATER)
    stored = Tally.objects.get(reference=str(campaign.pk)).figures
    assert read(stored) == figures
    assert isinstance(read(stored), Figures)
    assert read(stored | {"version": 0}) is None


def test_few_are_counted_at_once_and_many_by_a_worker(monkeypatch):
    campaign, run = send()
    person = people_of(run)[0]
    tell(bought(person, "10.00", order="1"))
    assert sum(o.orders for o in report(campaign, now=LATER).outcomes) == 1
    tell(bought(person, "10.00", order="2", days=2))
    assert sum(o.orders for o in report(campaign, now=LATER + timedelta(seconds=5)).outcomes) == 1
    assert sum(o.orders for o in report(campaign, now=LATER + timedelta(seconds=20)).outcomes) == 2

    monkeypatch.setattr(keeping, "FEW", 3)
    tell(bought(person, "10.00", order="3", days=3))
    much_later = LATER + timedelta(minutes=6)
    found = report(campaign, now=much_later)
    assert (sum(o.orders for o in found.outcomes), found.kept.stale) == (2, True)
    assert keeping.count_due(now=much_later) == 1
    found = report(campaign, now=much_later)
    assert (sum(o.orders for o in found.outcomes), found.kept.stale) == (3, False)
    assert keeping.count_due(now=much_later) == 0  # just done


def test_what_is_over_is_counted_only_at_night():
    campaign, run = send()
    over = START + timedelta(days=11)
    assert keeping.count_due(now=over) == 1
    assert keeping.count_due(now=over + timedelta(days=1)) == 0
    tell(bought(people_of(run)[0], "10.00", order="1"))
    assert keeping.count_due(now=over + timedelta(days=1), all_of_them=True) == 1
    assert keeping.count_due(now=over + timedelta(days=91), all_of_them=True) == 0
    assert sum(o.orders for o in report(campaign, now=over + timedelta(days=1)).outcomes) == 1


def test_nothing_sent_is_nothing_counted():
    campaign = create_campaign(user=None, now=START, name="D", slug="d", kind=Campaign.Kind.EMAIL)
    found = report(campaign, now=LATER)
    assert (found.outcomes, found.kept.stale, Tally.objects.count()) == ([], False, 0)
