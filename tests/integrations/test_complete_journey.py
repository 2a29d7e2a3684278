"""The real data set, a slice of it, through the command."""

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from accounts.models import Job
from catalog.models import Product
from customers.models import Consent, ConsentEvent, Customer, Identifier
from events.models import Event, EventKey
from integrations.datasets.complete_journey.customers import withdrew
from integrations.datasets.complete_journey.files import Files
from integrations.models import ImportRun

HOUSEHOLDS = 12
pytestmark = pytest.mark.django_db


def run(households=HOUSEHOLDS):
    out = StringIO()
    call_command("import_dataset", "complete_journey", households=households, stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def state():
    return [m.objects.count() for m in (Customer, Identifier, Product, Event, EventKey, ConsentEvent)]


def test_a_slice_is_loaded_exactly_and_once(capsys):
    counts = run()
    files = Files(HOUSEHOLDS)
    assert counts["customers"] == HOUSEHOLDS
    assert Event.objects.filter(type="purchase").count() == files.transactions.height == counts["purchases"]
    assert Product.objects.filter(is_stub=False).count() == files.products.height == counts["products"]
    assert Event.objects.filter(type="coupon_redeemed").count() == counts["redemptions"]
    assert Event.objects.filter(type="message_sent").count() == counts["mailings"]
    given = Event.objects.filter(type="coupon_assigned")
    assert given.count() == counts["coupons"] == counts["mailings"] > 0
    last = files.campaigns.row(0, named=True)["end_date"]
    assert given.filter(properties__until=f"{last:%Y-%m-%d}T00:00:00Z").exists()
    assert "purchases" in capsys.readouterr().err
    before = state()
    again = run()
    assert {**again, "seconds": 0} == {**counts, "seconds": 0}
    assert state() == before
    kinds = ImportRun.objects.filter(kind="purchases").order_by("id").values_list("accepted", "duplicates")
    assert list(kinds)[:2] == [(files.transactions.height, 0), (0, files.transactions.height)]
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


def test_a_larger_slice_adds_only_what_is_missing():
    run(5)
    run()
    assert Customer.objects.count() == HOUSEHOLDS
    assert Event.objects.filter(type="purchase").count() == Files(HOUSEHOLDS).transactions.height


def test_the_facts_are_those_of_the_file():
    run()
    rows = Files(HOUSEHOLDS).transactions
    paid = Event.objects.filter(type="purchase").aggregate(total=Sum("amount"))["total"]
    assert paid == Decimal(str(round(rows["sales_value"].sum(), 2)))
    none = rows.filter(rows["quantity"] == 0).height
    assert none > 0
    assert Event.objects.filter(quality="no_quantity").count() == none
    first = rows.row(0, named=True)
    event = Event.objects.get(message_id=f"{first['basket_id']}-{first['product_id']}")
    assert event.customer.external_id == str(first["household_id"])
    assert event.product.sku == str(first["product_id"])
    assert (event.order_id, event.occurred_at) == (str(first["basket_id"]), first["at"])
    assert event.properties["store"] == str(first["store_id"])
    assert event.actor_id == Identifier.objects.get(kind="external_id", customer=event.customer).pk


def test_everybody_consented_and_a_known_share_withdrew():
    run(60)
    gone = {str(n) for n in Files(60).households["household_id"] if withdrew(n)}
    assert gone
    assert set(Consent.objects.filter(granted=False).values_list("customer__external_id", flat=True)) == gone
    assert Consent.objects.filter(granted=True).count() == 60 - len(gone)
    assert all(e.proof["note"].startswith("Made up") for e in ConsentEvent.objects.all())


def test_products_carry_their_own_category():
    run(3)
    for product in Product.objects.filter(is_stub=False).select_related("category__parent"):
        kind = product.attributes["product_type"] or product.attributes["product_category"]
        name = (kind or product.attributes["department"]).lower()
        assert product.category.name.lower() == name
        assert product.name.lower().startswith(name)


def test_nonsense_is_refused():
    with pytest.raises(CommandError, match="at least 1"):
        run(0)
    assert not Job.objects.exists()
