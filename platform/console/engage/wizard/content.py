"""Step 3: what is said and offered, and how five people would see it."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Max, OuterRef, Q, Subquery
from django.http import HttpRequest
from django.urls import reverse

from campaigns.content.models import Template, TemplateVersion
from campaigns.content.rendering import needs
from campaigns.coupons.models import CouponPool
from campaigns.coupons.selectors import standings, stock
from campaigns.models import Campaign
from campaigns.planning.models import Part
from campaigns.planning.parts import parts_of
from campaigns.preflight import findings
from campaigns.promotions.models import Promotion
from campaigns.targeting.models import OfferPlan
from console.engage.wizard.samples import look, samples
from core import clock
from recommendations.models import Objective

_MOST = 60


def context(campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    """Return templates, pools, plans and promotions to choose from. At most eight queries."""
    parts, now = parts_of(campaign), clock.now()
    newest = TemplateVersion.objects.filter(template=OuterRef("pk")).order_by("-number")
    templates = list(
        Template.objects.filter(archived_at=None)
        .filter(Q(channel="email") | Q(channel=campaign.channel))
        .annotate(
            version=Subquery(newest.values("pk")[:1]),
            number=Subquery(newest.values("number")[:1]),
            subject=Subquery(newest.values("subject")[:1]),
        )
        .exclude(version=None)
        .defer("draft")
        .order_by("-changed_at")[:_MOST]
    )
    chosen = campaign.content
    last = chosen.template.versions.aggregate(last=Max("number"))["last"] if chosen else None
    here = urlencode({"campaign": campaign.pk})
    return {
        "parts": parts,
        "templates": templates,
        "content": chosen,
        "newer": next((t.version for t in templates if chosen and t.pk == chosen.template_id), None)
        if chosen and last and last > chosen.number
        else None,
        "newer_number": last,
        "edit": f"{reverse('admin:template_edit', args=[chosen.template_id])}?{here}" if chosen else "",
        "objectives": Objective.choices,
        "wants": needs(chosen) if chosen else None,
        **_offers(campaign, parts, now),
    }


def _offers(campaign: Campaign, parts: frozenset[str], now: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if Part.COUPON in parts:
        open_pools = CouponPool.objects.select_related("promotion").filter(promotion__archived_at=None)
        there = {row.pool.pk: row.stock for row in standings(now=now)}
        found["pools"] = [(pool, there.get(pool.pk)) for pool in open_pools.order_by("-pk")[:_MOST]]
        found["plans"] = OfferPlan.objects.filter(Q(campaign=None) | Q(campaign=campaign)).order_by("-pk")[
            :_MOST
        ]
    if Part.PROMOTION in parts:
        found["promotions"] = (
            Promotion.objects.filter(archived_at=None)
            .filter(Q(ends_at=None) | Q(ends_at__gt=now))
            .order_by(F("starts_at").desc(nulls_last=True), "name")[:_MOST]
        )
    return found


def live(campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    """Show it as one of five people would see it, with what is wrong with it."""
    now = clock.now()
    sees = request.user.has_perm("customers.view_customer")
    people = samples(campaign, as_of=clock.knowledge_now(), sees_people=sees) if campaign.content else []
    return {
        "problems": [f.message for f in findings(campaign, now=now) if f.step == "content"],
        "people": people,
        "stock": stock(campaign.pool, now=now) if campaign.pool else None,
        **(look(campaign, people, request, now=now) if people else {}),
    }
