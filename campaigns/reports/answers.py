"""The REST shape of a campaign's report."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.conf import settings

from campaigns.experiments.models import Experiment
from campaigns.impact import effect_of
from campaigns.reports.figures import added
from campaigns.selectors import Report
from core.money import Money


def as_json(found: Report) -> dict[str, Any]:
    """Return a report as partners read it; the eight parts add up to the audience."""
    test = found.campaign.experiment
    replay = test is not None and test.kind == Experiment.Kind.REPLAY  # nobody was treated
    figures, effect = found.kept.figures, None if replay else effect_of(found.outcomes)
    return {
        "id": str(found.campaign.pk),
        "kind": found.campaign.kind,
        "state": found.campaign.state,
        **asdict(found.parts),
        "sendings": [
            {
                "id": str(sending.run.pk),
                "launch": sending.run.launch,
                "state": sending.run.state,
                "launched_at": sending.run.created_at.isoformat(),
                **asdict(sending.parts),
            }
            for sending in found.sendings
        ],
        "reasons": found.reasons,
        "window": [at.isoformat() for at in found.window] if found.window else None,
        "counted_at": found.kept.counted_at.isoformat() if found.kept.counted_at else None,
        "funnel": funnel(found),
        "outcomes": [
            {
                "variant": o.variant,
                "held_out": o.held_out,
                "people": o.people,
                "buyers": o.buyers,
                "rate": o.rate,
                "orders": o.orders,
                "revenue": _money(o.revenue),
            }
            for o in found.outcomes
        ],
        "incremental": {
            "people": effect.people,
            "held_out": effect.held,
            "revenue": _money(effect.total.value),
            "low": _money(effect.total.low),
            "high": _money(effect.total.high),
        }
        if effect
        else None,
        "redemptions": found.redemptions,
        "discount": _money(found.discount),
        "engagement": asdict(found.engagement),
        "links": [
            {
                "variant": row.variant,
                "template_version": row.template,
                "link": row.place,
                "people": row.people,
                "clicks": row.clicks,
                "machines": row.machines,
            }
            for row in figures.clicks
        ],
        "attributed": [
            {"model": a.model, "orders": a.orders, "customers": a.customers, "revenue": _money(a.revenue)}
            for a in found.attributed
        ],
    }


def funnel(found: Report) -> dict[str, int]:
    """Return the way from audience to order: people only, machines do not count."""
    parts, did = found.parts, found.engagement
    return {
        "audience": parts.audience,
        "eligible": parts.audience - parts.held_out - sum(found.reasons.values()),
        "sent": parts.sent,
        "delivered": max(parts.sent - did.bounced, 0),
        "opened": did.opened,
        "clicked": did.clicked,
        "ordered": added(found.outcomes, held_out=False).buyers,
    }


def _money(amount: Decimal) -> dict[str, str]:
    return Money(amount, settings.SHOP_CURRENCY).as_json()
