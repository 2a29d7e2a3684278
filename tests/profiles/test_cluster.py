"""Personas on planted groups."""

import pytest
from django.conf import settings as django_settings
from django.utils import translation

from profiles.models import Clustering, CustomerProfile, Persona
from profiles.personas import display_name, name_of
from profiles.services import TooFewCustomersError, build_profiles, cluster_customers
from tests.profiles.conftest import AS_OF


@pytest.fixture
def groups(shop, settings, tmp_path):
    """Four groups of 15: often and small, rare and big, rare and small, long away."""
    settings.ARTIFACTS = tmp_path
    shapes = [(40, 2, 0.5, "5.00"), (4, 20, 3, "90.00"), (4, 20, 3, "4.00"), (3, 15, 80, "20.00")]
    bought = []
    for group, (orders, gap, last, amount) in enumerate(shapes):
        for number in range(15):
            customer = shop.customer(f"g{group}-{number}")
            days = [last + number / 50 + gap * order for order in range(orders)]
            bought += [(customer, days_ago, {"amount": amount}) for days_ago in days]
    shop.events(bought)
    shop.customer("prospect")
    build_profiles(as_of=AS_OF, now=AS_OF)
    return shop


def find(**options):
    return cluster_customers(as_of=AS_OF, now=AS_OF, **options)


def test_planted_groups_become_personas(groups, settings):
    clustering = find()
    assert clustering.k == 4
    assert clustering.customers == 60
    assert clustering.active
    assert list(Persona.objects.values_list("number", "size")) == [(1, 15), (2, 15), (3, 15), (4, 15)]
    for group in range(4):
        members = CustomerProfile.objects.filter(customer__external_id__startswith=f"g{group}-")
        assert members.values("persona").distinct().count() == 1
    assert not CustomerProfile.objects.filter(map_x=None, orders__gt=0).exists()
    prospect = CustomerProfile.objects.get(customer__external_id="prospect")
    assert (prospect.persona, prospect.map_x) == (None, None)
    assert (settings.ARTIFACTS / clustering.artifact / "manifest.json").exists()
    assert len(clustering.checksum) == 64


def test_numbers_and_edited_names_survive_a_refit(groups):
    find()
    edited = Persona.objects.get(number=2)
    Persona.objects.filter(pk=edited.pk).update(name="Our best", name_edited=True)
    before = dict(CustomerProfile.objects.values_list("customer_id", "persona__number"))
    second = find(seed=9)
    assert dict(CustomerProfile.objects.values_list("customer_id", "persona__number")) == before
    assert Persona.objects.count() == 4
    assert Persona.objects.get(number=2).name == "Our best"
    assert Persona.objects.get(number=2).clustering == second
    assert list(Clustering.objects.filter(active=True)) == [second]
    assert second.parameters["moved"] == 0


def test_a_damaged_artefact_gives_new_numbers(groups, settings):
    first = find()
    (settings.ARTIFACTS / first.artifact / "model.json").write_text("{}")
    find()
    assert list(Persona.objects.filter(size__gt=0).values_list("number", flat=True)) == [5, 6, 7, 8]
    assert list(Persona.objects.filter(size=0).values_list("number", flat=True)) == [1, 2, 3, 4]


def test_too_few_customers_change_nothing(shop, settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    shop.event(shop.customer("alone"), 3)
    build_profiles(as_of=AS_OF, now=AS_OF)
    with pytest.raises(TooFewCustomersError, match="at least 50"):
        find()
    assert not Clustering.objects.exists()
    assert list(django_settings.ARTIFACTS.iterdir()) == []


def test_names_follow_the_language():
    traits = [{"feature": "basket_value", "level": "high"}, {"feature": "recency_days", "level": "very_low"}]
    with translation.override("en"):
        assert name_of(traits) == "Big baskets, bought very lately"
        assert name_of([]) == "Like most customers"
    edited = Persona(name="Our best", name_edited=True, traits=traits)
    assert display_name(edited) == "Our best"
    numbered = Persona(name="Big baskets, bought very lately (2)", traits=traits)
    with translation.override("en"):
        assert display_name(numbered) == "Big baskets, bought very lately (2)"
