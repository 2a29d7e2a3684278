"""The demo's result as one JSON object: what was imported, learned, sent, found and changed."""

from datetime import datetime
from typing import Any

from django.db.models import Sum

from campaigns.experiments.analysis import latest
from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from campaigns.rehearsal.backtest import compare
from campaigns.targeting.models import OfferPlan
from catalog.models import Product
from console.demo import story
from customers.models import Customer
from delivery.models import Message, ReceivedMail, Run
from delivery.selectors import breakdown
from events.models import Event
from profiles.models import CustomerProfile
from recommendations.models import DemandRun, StrategyWeek, TuningDecision
from segments.models import Segment

PARTS = ("pending", "claimed", "sending", "sent", "failed", "skipped", "held_out", "uncertain")


def summarise(
    *, import_seconds: float, clusters: dict[str, Any], training: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """Read the figures back from the database. `experiment` and `tuning` are those of the demo's test."""
    runs = _runs()
    return {
        "customers": Customer.objects.count(),
        "products": Product.objects.filter(is_stub=False).count(),
        "events": Event.objects.count(),
        "import_seconds": round(import_seconds, 1),
        "profiles": CustomerProfile.objects.count(),
        "clusters": clusters,
        "models": training["models"],
        "comparisons": [line for line in training["comparisons"] if "hybrid" in (line["a"], line["b"])],
        "segments": list(Segment.objects.order_by("name").values("name", "size")),
        "campaigns": _campaigns(runs),
        "mailbox_messages": _received(list(runs.values())),
        "experiment": _experiment(),
        "tuning": _tuning(),
        "demand": _demand(),
        "quality": _quality(),
        "rehearsal": _rehearsal(now),
        "offer_plan": _plan(),
    }


def _runs() -> dict[str, Run]:
    slugs = [story.EMAIL.slug, story.COUPON.slug, story.PROMOTION.slug]
    references = {str(c.pk): c.slug for c in Campaign.objects.filter(slug__in=slugs)}
    found = Run.objects.filter(source="campaign", reference__in=references)
    return {references[run.reference]: run for run in found}


def _campaigns(runs: dict[str, Run]) -> list[dict[str, Any]]:
    parts = breakdown([run.pk for run in runs.values()])
    lines = []
    for plan in (story.EMAIL, story.COUPON, story.PROMOTION):
        run = runs.get(plan.slug)
        counts = {name: getattr(parts[run.pk], name) if run else 0 for name in ("audience", *PARTS)}
        lines.append({"kind": plan.kind, "name": plan.name, **counts})
    return lines


def _received(runs: list[Run]) -> int:
    """Count the mails in the mailbox that belong to these runs; a mail that came twice counts twice."""
    sent = Message.objects.filter(run__in=runs).exclude(message_id="").values("message_id")
    return ReceivedMail.objects.filter(message_id__in=sent).count()


def _experiment() -> dict[str, Any]:
    experiment = Experiment.objects.get(key=story.EXPERIMENT)
    look = latest(experiment)
    if look is None:
        return {}
    names = ("difference", "interval", "p_value", "verdict", "holdout_check")
    return {
        "kind": look.results["kind"],
        "note": "offline, replay: nobody was treated; both lists are scored for every household",
        "variants": [
            {name: arm[name] for name in ("name", "n", "conversions", "rate")}
            for arm in look.results["variants"]
        ],
        **{name: look.results[name] for name in names},
    }


def _tuning() -> dict[str, Any]:
    decision = TuningDecision.objects.filter(
        kind=TuningDecision.Kind.STRATEGY, reference__startswith=f"{story.EXPERIMENT}#"
    ).first()
    if decision is None:
        return {}
    blend = TuningDecision.objects.filter(
        kind=TuningDecision.Kind.BLEND, reference=decision.reference
    ).first()
    return {
        "champion_before": decision.before["strategy"],
        "champion_after": decision.after["strategy"],
        "evidence": decision.reference,
        "changed": decision.changed,
        "blend_after": blend.after["alpha"] if blend else {},
    }


def _demand() -> dict[str, Any]:
    """Return how good the forecast would have been four weeks before, beside repeating the last four."""
    run = DemandRun.objects.filter(as_of=story.PRESENT).order_by("created_at").first()
    return {"method": run.method, "products": run.products, **run.quality} if run else {}


def _quality() -> list[dict[str, Any]]:
    """Return by strategy how many lists were shown, and how many places these had."""
    weeks = StrategyWeek.objects.order_by("strategy__key").values_list("strategy__key")
    sums = weeks.annotate(Sum("answers"), Sum("places"))
    return [{"strategy": key, "answers": answers, "places": places} for key, answers, places in sums]


def _rehearsal(now: datetime) -> dict[str, Any]:
    """Return how many ranges that the rehearsal of the e-mail foresaw held in what then happened."""
    found = [one for one in compare(now=now) if one.campaign.slug == story.EMAIL.slug]
    return {"ranges": len(found), "held": sum(one.held for one in found)}


def _plan() -> dict[str, Any]:
    """Return how many offers the plan gives, what they are expected to cost and to bring."""
    plan = OfferPlan.objects.filter(slug=story.PLAN).first()
    if plan is None:
        return {}
    return {"budget": str(plan.budget), **{name: plan.summary[name] for name in ("offers", "cost", "gain")}}
