"""The first steps, until they are done."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.experiments.models import Snapshot
from campaigns.models import Campaign
from catalog.models import Product
from core.estimates import estimated_count
from core.figures import number
from customers.models import Customer
from events.models import Event
from profiles.models import Clustering
from recommendations.models import ModelVersion


@dataclass(frozen=True, slots=True)
class Step:
    """A first step: done or waiting."""

    title: str
    note: str
    done: bool
    url: str


def first_steps(user: AbstractUser | AnonymousUser) -> list[Step]:
    """Return the five first steps with their real state and the page that does each. Seven small queries."""
    customers, events = estimated_count(Customer), estimated_count(Event)
    products = Product.objects.filter(is_stub=False).exists()
    clustering = Clustering.objects.filter(active=True).first()
    models = ModelVersion.objects.exclude(stage=ModelVersion.Stage.RETIRED).count()
    launched = Campaign.objects.exclude(state=Campaign.State.DRAFT).count()
    looks = Snapshot.objects.count()
    return [
        Step(
            _("Load your customers, products and orders"),
            _("%(customers)s customers, %(events)s events")
            % {"customers": number(customers), "events": number(events)}
            if events and products
            else _("Orders are in; the products that they name are still missing")
            if events
            else _("Import a file or send events by the interface"),
            bool(customers and events and products),
            reverse("admin:imports"),
        ),
        Step(
            _("See your customer groups"),
            ngettext(
                "%(k)d group of customers who behave alike",
                "%(k)d groups of customers who behave alike",
                clustering.k,
            )
            % {"k": clustering.k}
            if clustering
            else _("Found every week in what customers buy, or at once when you ask"),
            clustering is not None,
            reverse("admin:personas"),
        ),
        Step(
            _("Train the recommendations"),
            ngettext("%(n)d model trained and measured", "%(n)d models trained and measured", models)
            % {"n": models}
            if models
            else _("They learn from your orders"),
            models > 0,
            reverse("admin:recommendations"),
        ),
        Step(
            _("Launch your first campaign"),
            ngettext("%(n)d campaign launched", "%(n)d campaigns launched", launched) % {"n": launched}
            if launched
            else _("Choose an audience, preview, send"),
            launched > 0,
            reverse(
                "admin:campaign_new"
                if not launched and user.has_perm("campaigns.add_campaign")
                else "admin:campaigns_campaign_changelist"
            ),
        ),
        Step(
            _("Read the first result"),
            ngettext("%(n)d comparison evaluated", "%(n)d comparisons evaluated", looks) % {"n": looks}
            if looks
            else _("Every campaign leaves some customers alone, to measure what it caused"),
            looks > 0,
            reverse("admin:experiments_experiment_changelist"),
        ),
    ]
