"""What to do next: first steps until they are done, then audiences worth a campaign."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Avg, Count, Exists, OuterRef
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.experiments.models import Snapshot
from campaigns.models import Campaign
from core.estimates import estimated_count
from core.templatetags.studio import money_text
from customers.models import Customer
from events.models import Event
from profiles.models import Clustering
from recommendations.models import ModelVersion
from segments.models import Segment, SegmentMembership
from segments.selectors import display_name

SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """A first step: done or waiting."""

    title: str
    note: str
    done: bool
    url: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An audience worth a campaign, with what is known about it."""

    title: str
    note: str
    button: str
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


def suggestions() -> list[Suggestion]:
    """Return ready-made audiences that no open campaign talks to, the most valuable first. Two queries."""
    busy = Campaign.objects.filter(segment=OuterRef("pk")).exclude(
        state__in=[Campaign.State.FINISHED, Campaign.State.CANCELLED]
    )
    segments = list(
        Segment.objects.filter(ready_made=True, size__gt=0).exclude(Exists(busy)).order_by("-size")[:12]
    )
    facts = {
        row["segment"]: row
        for row in SegmentMembership.objects.filter(segment__in=segments, left_at=None)
        .values("segment")
        .annotate(
            people=Count("pk"),
            basket=Avg("customer__profile__basket_value"),
            away=Avg("customer__profile__recency_days"),
        )
    }
    worth = [s for s in segments if s.pk in facts and facts[s.pk]["away"] is not None]
    worth.sort(key=lambda s: facts[s.pk]["people"] * float(facts[s.pk]["basket"] or 0), reverse=True)
    return [_suggestion(segment, facts[segment.pk]) for segment in worth[:SUGGESTIONS]]


def _suggestion(segment: Segment, facts: dict) -> Suggestion:
    name, days = display_name(segment), round(facts["away"])
    query = urlencode({"segment": segment.pk, "kind": Campaign.Kind.EMAIL, "name": name})
    return Suggestion(
        title=_("%(people)s people: %(segment)s") % {"people": _number(facts["people"]), "segment": name},
        note=ngettext(
            "They spend %(basket)s per order and bought %(days)s day ago on average.",
            "They spend %(basket)s per order and bought %(days)s days ago on average.",
            days,
        )
        % {"basket": money_text(facts["basket"]), "days": _number(days)},
        button=_("Draft a campaign"),
        url=f"{reverse('admin:campaign_new')}?{query}",
    )


def _number(value: int) -> str:
    return number_format(value, 0, force_grouping=True)
