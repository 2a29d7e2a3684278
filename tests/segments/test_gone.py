"""What a rule names may go: then nobody fits the condition, or the refresh says what is missing."""

import pytest

from catalog.models import Category, Product
from customers.models import Customer
from profiles.models import CustomerScore
from segments import lists
from segments.models import Segment
from segments.preview import preview
from segments.refresh import refresh_segment
from segments.rules import RuleError
from segments.services import delete_segment, save_segment
from segments.why import why
from tests.segments.conftest import AS_OF


@pytest.fixture
def alice(shop):
    """Alice, of whom every condition below is true, and Bob, who did nothing."""
    alice = shop.customer("alice", attributes={"tier": "gold"})
    shop.customer("bob")
    shop.event(alice, 2, product=shop.product("tea", path="drinks/tea", brand="Leaf"))
    sent = {"run": "r", "message": 1, "channel": "email", "reference": "spring"}
    shop.event(alice, 3, type="message_sent", amount=None, quantity=None, properties=sent)
    shop.event(alice, 2, type="message_clicked", amount=None, quantity=None, properties=sent)
    shop.event(alice, 2, type="coupon_redeemed", amount=None, quantity=None, properties={"pool": "p1"})
    CustomerScore.objects.create(customer=alice, kind="churn", score=0.9, model_version="1", as_of=shop.at(1))
    guests = save_segment(Segment(name="Guests", kind=Segment.Kind.STATIC), now=AS_OF)
    lists.add(guests, ["alice"], now=AS_OF)
    save_segment(Segment(name="Buyers", rule={"event": "purchase"}), now=AS_OF)
    return alice


def counted(rule):
    """Return how many fit in a preview and in a refresh, and what `why` says of Alice."""
    segment, _new = Segment.objects.get_or_create(slug="x", defaults={"rule": rule, "created_at": AS_OF})
    run = refresh_segment(segment, as_of=AS_OF, now=AS_OF)
    assert run.error == ""
    alice = Customer.objects.get(external_id="alice").pk
    return preview(rule, as_of=AS_OF)["size"], run.size, why(rule, [alice], as_of=AS_OF)[alice]["member"]


GONE = [
    ({"event": "purchase", "category": "drinks"}, lambda: Category.objects.all().delete()),
    ({"event": "purchase", "brand": "Leaf"}, lambda: Product.objects.update(brand="")),
    ({"event": "purchase", "product": "tea"}, lambda: Product.objects.all().delete()),
    ({"field": "score.churn", "op": "gte", "value": 0.5}, lambda: CustomerScore.objects.all().delete()),
    (
        {"field": "customer.attributes.tier", "op": "eq", "value": "gold"},
        lambda: Customer.objects.update(attributes={}),
    ),
    (
        {"top": {"field": "score.churn", "n": 5}},
        lambda: CustomerScore.objects.all().delete(),
    ),
]


@pytest.mark.parametrize(("rule", "remove"), GONE)
def test_nobody_fits_a_condition_about_what_is_gone(alice, rule, remove):
    assert counted(rule) == (1, 1, True)
    remove()
    assert counted(rule) == (0, 0, False)
    assert preview({"not": rule}, as_of=AS_OF)["size"] == 2


@pytest.mark.parametrize(
    "rule",
    [
        {"event": "purchase"},
        {"message": "clicked", "campaign": "spring"},
        {"coupon": "redeemed", "pool": "p1"},
    ],
)
def test_what_happened_stays_true_without_the_campaign_the_pool_and_the_product(alice, rule):
    """Campaigns and pools are named by their ids in what happened; no row of theirs is asked for."""
    assert counted(rule) == (1, 1, True)
    Product.objects.all().delete()
    assert counted(rule) == (1, 1, True)


@pytest.mark.parametrize("slug", ["guests", "buyers"])
@pytest.mark.parametrize(
    "within",
    [
        lambda rule: rule,
        lambda rule: {"not": rule},
        lambda rule: {"any": [{"event": "view"}, {"all": [rule]}]},
        lambda rule: {"top": {"field": "score.churn", "n": 5, "of": rule}},
    ],
)
def test_a_segment_or_list_that_is_gone_is_told_and_members_stay(alice, slug, within):
    rule = within({"segment": slug})
    before = counted(rule)
    assert before[:2] == (1, 1)
    delete_segment(Segment.objects.get(slug=slug), now=AS_OF, force=True)
    naming = Segment.objects.get(slug="x")
    run = refresh_segment(naming, as_of=AS_OF, now=AS_OF)
    assert f"There is no segment “{slug}”" in run.error
    assert naming.memberships.filter(left_at=None).count() == 1
    for ask in (preview, lambda rule, as_of: why(rule, [alice.pk], as_of=as_of)):
        with pytest.raises(RuleError, match=slug) as caught:
            ask(rule, as_of=AS_OF)
        assert caught.value.path.endswith("segment")


def test_a_list_whose_people_are_gone_is_empty(alice):
    guests = Segment.objects.get(slug="guests")
    alice.delete()
    assert preview({"segment": "guests"}, as_of=AS_OF)["size"] == 0
    assert lists.remove(guests, ["alice"], now=AS_OF) == {
        "entered": 0, "left": 0, "size": 0, "unknown": ["alice"],
    }  # fmt: skip
