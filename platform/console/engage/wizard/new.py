"""How a campaign begins: a goal or a ready-made, and a draft is there."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from accounts.models import User
from campaigns.actions import draft_campaign
from campaigns.content.models import TemplateVersion
from campaigns.coupons.models import CouponPool
from campaigns.planning.models import Goal
from campaigns.planning.parts import in_order
from campaigns.planning.ready_made import READY_MADE, STARTS
from campaigns.promotions.models import Promotion
from campaigns.schedule.models import Timing
from catalog.models import Product
from console.page import Page
from core import clock
from events.models import EventType
from segments.models import Segment
from segments.selectors import display_name

#: What a suggestion may bring along.
BROUGHT = ("segment", "kind", "content", "pool", "promotion", "product", "from", "name", "day")


class NewCampaign(Page):
    """Cards of goals and ready-mades. What the address brings along goes into the draft."""

    permission_required = ("campaigns.add_campaign",)
    template_name = "console/engage/wizard/new.html"
    title = gettext_lazy("New campaign")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the cards. One or two queries."""
        ask = self.request.GET
        segment = _by_key(Segment, ask.get("segment"))
        return super().get_context_data(
            goals=[
                {"key": goal, "label": Goal(goal).label, "note": start.note, "icon": start.icon}
                for goal, start in STARTS.items()
            ],
            ready_made=list(READY_MADE.values()),
            brought=[(name, ask[name][:200]) for name in BROUGHT if ask.get(name)],
            segment=segment,
            segment_name=display_name(segment) if segment else "",
            **kwargs,
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make the draft and open its first step, or the first that is still to be decided."""
        user = request.user
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        ask = request.GET.copy()
        ask.update(request.POST)
        given = _given(ask)
        campaign = draft_campaign(
            user=user,
            now=clock.now(),
            goal=str(ask.get("goal", "")),
            ready=str(ask.get("ready", "")),
            name=str(ask.get("name", "")).replace("\0", ""),
            given=given,
        )
        return redirect("admin:campaign_plan", pk=campaign.pk, step="goal")


def _given(ask: Any) -> dict[str, Any]:
    """Return the fields that were brought along; what there is not is passed over."""
    given: dict[str, Any] = {}
    for name, model in (("segment", Segment), ("pool", CouponPool), ("promotion", Promotion)):
        if (found := _by_key(model, ask.get(name))) is not None:
            given[name] = found
    if (content := _content(ask.get("content"))) is not None:
        given["content"] = content
        if content.template.channel != "email":
            given["channel"] = content.template.channel
    kinds = {"email": ["message"], "coupon": ["message", "coupon"], "promotion": ["promotion"]}
    if (kind := ask.get("kind")) in kinds:
        given["parts"] = in_order(kinds[str(kind)])
    if (product := _product(ask.get("product"))) is not None:
        given |= {
            "timing": Timing.TRIGGERED, "trigger_event": EventType.PRICE_DROP,
            "trigger_where": {"product": product.sku},
        } if ask.get("from") == "price_drop" else {}  # fmt: skip
    return given


def _by_key(model: Any, key: Any) -> Any:
    """Return a row by its id, or by its short name where it has one."""
    key = str(key or "").replace("\0", "")
    if not key:
        return None
    try:
        return model.objects.filter(pk=UUID(key)).first()
    except ValueError:
        slugged = any(field.name == "slug" for field in model._meta.fields)
        return model.objects.filter(slug=key[:100]).first() if slugged else None


def _content(key: Any) -> TemplateVersion | None:
    """Return a version by its id, or the newest one of a template by the template's."""
    key = str(key or "")
    versions = TemplateVersion.objects.select_related("template").order_by("-number")
    if key.isascii() and key.isdigit() and len(key) < 16:
        return versions.filter(pk=int(key)).first()
    try:
        return versions.filter(template=UUID(key)).first()
    except ValueError:
        return None


def _product(key: Any) -> Product | None:
    key = str(key or "").replace("\0", "")[:200]
    if not key:
        return None
    if key.isascii() and key.isdigit() and len(key) < 16:
        return Product.objects.filter(pk=int(key)).first() or Product.objects.filter(sku=key).first()
    return Product.objects.filter(sku=key).first()
