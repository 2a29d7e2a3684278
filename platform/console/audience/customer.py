"""Customer 360: everything that is known about one person, and why."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from campaigns.schedule.learned_figures import hour_of
from console.audience.best_time import best_time
from console.audience.identity import identity_of
from console.audience.offers import campaigns_for, offers_for
from console.audience.scores import told
from console.audience.timeline import GROUPS, timeline
from console.page import Page
from core import clock
from customers.models import Customer
from recommendations.models import Objective
from recommendations.reasons import sentence
from recommendations.selectors import lists_for
from segments.models import SegmentMembership

PRODUCTS = 5


class Customer360(Page):
    """Facts, scores, timeline, segments, consents, and what to do next."""

    permission_required = ("customers.view_customer",)
    template_name = "console/customer.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what this person may see of the customer. About twenty-eight indexed queries."""
        customer = get_object_or_404(
            Customer.objects.select_related("profile__persona", "profile__top_category"), pk=self.kwargs["pk"]
        )
        self.title = str(customer)
        can = self.request.user.has_perm
        profile = getattr(customer, "profile", None)
        context: dict[str, Any] = {
            "customer": customer,
            "profile": profile,
            "may_change": can("customers.change_customer"),
            "may_merge": can("customers.merge_customer"),
            "may_erase": can("customers.erase_customer"),
            "may_export": can("customers.export_customer"),
            "sees_models": can("profiles.view_scoreversion"),
            **identity_of(customer),
            "consents": customer.consents.order_by("channel", "topic"),
            "affinities": _affinities(profile),
        }
        if can("events.view_event"):
            show = self.request.GET.get("show", "")
            context["show"] = show if show in GROUPS else ""
            context["groups"] = [("", _("Everything")), *((key, name) for key, (name, _of) in GROUPS.items())]
            context["moments"] = timeline(
                customer, with_messages=can("delivery.view_message"), group=context["show"]
            )
        if can("segments.view_segment"):
            context["memberships"] = SegmentMembership.objects.filter(
                customer=customer, left_at=None
            ).select_related("segment")
        if can("profiles.view_customerscore"):
            context["scores"], context["unknown"] = told(customer)
        context |= self._next(customer)
        return super().get_context_data(**context, **kwargs)

    def _next(self, customer: Customer) -> dict[str, Any]:
        """Return what could be done next, as far as this person may see it."""
        can = self.request.user.has_perm
        found: dict[str, Any] = {}
        if can("promotions.view_promotion"):
            found["offers"] = offers_for(
                customer,
                now=clock.now(),
                known=clock.knowledge_now(),
                codes=can("coupons.view_coupon"),
            )
        if can("campaigns.view_campaign"):
            found["campaigns"] = campaigns_for(customer)
        if customer.no_profiling:
            return found
        if can("recommendations.view_recommendationlist"):
            found["products"] = _products(customer)
        if can("events.view_event"):
            found["time"] = best_time(customer, clock.knowledge_now())
            found["hour"] = hour_of(customer)
        return found


def _affinities(profile: Any) -> list[tuple[str, float]]:
    shares = getattr(profile, "category_affinity", None) or {}
    return sorted(shares.items(), key=lambda pair: -pair[1])[:5]


def _products(customer: Customer) -> list[tuple[Any, str]]:
    found = lists_for([customer.pk], use="email", objective=Objective.REPLENISH, limit=PRODUCTS)
    return [(item, sentence(item.reason)) for item in found.get(customer.pk, [])]
