"""Whom one can be in the demo shop: households of the data, one or two of each persona."""

from dataclasses import dataclass

from customers.models import Customer
from profiles.models import CustomerProfile

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Person:
    """A household to shop as."""

    customer: str
    name: str
    persona: str
    orders: int


def someone() -> list[Person]:
    """Return households of different personas, those with most orders first. Two queries."""
    profiles = list(
        CustomerProfile.objects.filter(customer__no_profiling=False, persona__isnull=False)
        .select_related("customer", "persona")
        .order_by("persona_id", "-orders", "customer_id")
        .distinct("persona_id")
    )[:SHOWN]
    if len(profiles) < SHOWN:
        more = (
            CustomerProfile.objects.filter(customer__no_profiling=False)
            .exclude(pk__in=[profile.pk for profile in profiles])
            .select_related("customer", "persona")
            .order_by("-orders", "customer_id")
        )
        profiles += list(more[: SHOWN - len(profiles)])
    return [Person(p.customer.external_id, str(p.customer), str(p.persona or ""), p.orders) for p in profiles]


def exists(customer: str) -> bool:
    """Say whether there is such a customer."""
    return "\0" not in customer and Customer.objects.filter(external_id=customer).exists()
