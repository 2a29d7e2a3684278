"""The first steps, until they are done."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.experiments.models import Snapshot
from campaigns.models import Campaign
from core.estimates import estimated_count
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


def first_steps() -> list[Step]:
    """Return the five first steps with their real state. Seven small queries."""
    customers, events = estimated_count(Customer), estimated_count(Event)
    clustering = Clustering.objects.filter(active=True).first()
    models = ModelVersion.objects.exclude(stage=ModelVersion.Stage.RETIRED).count()
    launched = Campaign.objects.exclude(state=Campaign.State.DRAFT).count()
    looks = Snapshot.objects.count()
    return [
        Step(
            _("Load your customers and orders"),
            _("%(customers)s customers, %(events)s events")
            % {"customers": _number(customers), "events": _number(events)}
            if events
            else _("Import a file or send events by the interface"),
            bool(customers and events),
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
            else _("Made every night from what customers bought"),
            clustering is not None,
            reverse("admin:profiles_persona_changelist"),
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
            reverse("admin:campaigns_campaign_changelist"),
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


def _number(value: int) -> str:
    return number_format(value, 0, force_grouping=True)
