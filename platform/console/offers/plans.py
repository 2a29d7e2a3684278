"""Offer plans: who gets which value under a budget, what that should bring, and what it brought."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from campaigns.actions.create_campaign import create_campaign
from campaigns.coupons.models import CouponPool
from campaigns.models import Campaign
from campaigns.targeting import making, selectors
from campaigns.targeting.effects import effect
from campaigns.targeting.errors import PlanNotReady
from campaigns.targeting.models import OfferPlan, PlannedOffer
from campaigns.targeting.words import sentence
from console.data.jobs import view_of
from console.learn.loop_pictures import qini
from console.offers.base import OffersPage
from console.offers.margins import coverage, known_margin, percent_text
from console.offers.plan_figures import curve, evidence, money_of, plan_state, why_rows
from console.offers.suggestions import names_in
from console.offers.words import gives
from core import clock
from segments.models import Segment
from segments.selectors import display_name

#: Rows of values in the form; a plan over REST may have more.
ROWS = 4
PEOPLE = 12
SHOWN = 50


class PlanForm(forms.Form):
    """A plan, without its values. Shares are typed in percent."""

    name = forms.CharField(max_length=150)
    segment = forms.ModelChoiceField(Segment.objects.all(), required=False)
    method = forms.ChoiceField(choices=OfferPlan.Method.choices)
    budget = forms.DecimalField(max_digits=15, decimal_places=2, min_value=0)
    basis = forms.ChoiceField(choices=OfferPlan.Basis.choices)
    margin = forms.DecimalField(max_digits=5, decimal_places=2, min_value=Decimal("0.1"), max_value=100)
    holdout = forms.DecimalField(max_digits=4, decimal_places=1, min_value=1, max_value=50)
    window_days = forms.IntegerField(min_value=1, max_value=365)

    def fields_of(self) -> dict[str, Any]:
        """Return what was typed as a plan's fields."""
        typed = dict(self.cleaned_data)
        typed["margin_share"] = typed.pop("margin") / 100
        typed["holdout_share"] = typed.pop("holdout") / 100
        return typed


class ValueForm(forms.Form):
    """One value that may be given."""

    pool = forms.ModelChoiceField(CouponPool.objects.select_related("promotion"))
    segment = forms.ModelChoiceField(Segment.objects.all(), required=False)
    worth = forms.DecimalField(max_digits=12, decimal_places=2, min_value=0, required=False)


class Plans(OffersPage):
    """Every plan: whom it is for, what it may spend, what it should bring."""

    permission_required = ("targeting.view_offerplan",)
    template_name = "console/offers/plans.html"
    title = gettext_lazy("Offer plans")
    tab = "offer_plans"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the latest plans. One query."""
        now = clock.now()
        found = OfferPlan.objects.select_related("segment", "job", "campaign")[:SHOWN]
        rows = [
            {
                "plan": plan,
                "state": plan_state(plan, now),
                "audience": audience_of(plan),
                "summary": money_of(plan.summary),
            }
            for plan in found
        ]
        may_add = self.request.user.has_perm("targeting.add_offerplan")
        return super().get_context_data(rows=rows, may_add=may_add, **kwargs)


class NewPlan(OffersPage):
    """The form of a new plan."""

    permission_required = ("targeting.add_offerplan",)
    template_name = "console/offers/plan_form.html"
    title = gettext_lazy("New offer plan")
    tab = "offer_plans"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what may be chosen. Three queries, and one for each kind of name in the benefits."""
        wrong = kwargs.get("wrong", {})
        typed = kwargs.pop("typed", None) or {
            "method": OfferPlan.Method.UPLIFT,
            "basis": OfferPlan.Basis.EXPECTED,
            "segment": self.request.GET.get("segment", ""),
            "holdout": "10",
            "window_days": "28",
        }
        pools = list(CouponPool.objects.select_related("promotion").filter(promotion__archived_at=None))
        names = names_in([pool.promotion.benefit for pool in pools])
        return super().get_context_data(
            typed=typed,
            values=[
                {
                    "pool": typed.get(f"pool_{row}", ""),
                    "segment": typed.get(f"segment_{row}", ""),
                    "worth": typed.get(f"worth_{row}", ""),
                    "wrong": wrong.get(f"values_{row}", ""),
                }
                for row in range(ROWS)
            ],
            pools=[(str(pool.pk), pool.name, gives(pool.promotion, names)) for pool in pools],
            **choices(),
            **kwargs,
        )

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Store the plan and begin to compute it, or show what is wrong and all that was typed."""
        form, wrong = PlanForm(request.POST), {}
        values = []
        for row in range(ROWS):
            named = {name: request.POST.get(f"{name}_{row}", "") for name in ("pool", "segment", "worth")}
            if not named["pool"]:
                continue
            one = ValueForm(named)
            if one.is_valid():
                values.append(one.cleaned_data)
            else:
                wrong[f"values_{row}"] = next(iter(one.errors.values()))[0]
        if not form.is_valid():
            wrong |= {name: errors[0] for name, errors in form.errors.items()}
        if not values and not any(name.startswith("values_") for name in wrong):
            wrong["values"] = _("Choose at least one pool: its codes are what people get.")
        if not wrong:
            try:
                plan = _made(form.fields_of(), values, self.user)
            except ValidationError as error:
                wrong = {name: texts[0] for name, texts in error.message_dict.items()}
            else:
                return redirect("admin:offer_plan", pk=plan.pk)
        context = self.get_context_data(typed=request.POST.dict(), wrong=wrong)
        return render(request, self.template_name, context, status=422)

    @property
    def user(self) -> Any:
        """Return who asks."""
        return self.request.user


@transaction.atomic
def _made(fields: dict[str, Any], values: list[dict[str, Any]], user: Any) -> OfferPlan:
    now = clock.now()
    plan = making.create_plan(
        values=values, user=user, now=now, slug=making.free_slug(fields["name"]), **fields
    )
    _begin(plan, now, user)
    return plan


def _begin(plan: OfferPlan, now: datetime, user: Any) -> None:
    url = reverse("admin:offer_plan", args=[plan.pk])
    making.begin_computing(plan, now=now, user=user, result_url=url)


def choices() -> dict[str, Any]:
    """Return what the forms of a plan choose from, and the margin where costs tell it. Two queries."""
    margin = known_margin()
    return {
        "margin_known": "" if margin is None else percent_text(margin.share),
        "margin_words": "" if margin is None else coverage(margin),
        "segments": [(str(s.pk), display_name(s)) for s in Segment.objects.order_by("name")],
        "methods": OfferPlan.Method.choices,
        "bases": OfferPlan.Basis.choices,
    }


def audience_of(plan: OfferPlan) -> str:
    """Name whom a plan is for."""
    return display_name(plan.segment) if plan.segment else _("Everyone")


class PlanPage(OffersPage):
    """One plan: what it found, who gets what and why, and what came of it."""

    permission_required = ("targeting.view_offerplan",)
    template_name = "console/offers/plan.html"
    tab = "offer_plans"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the plan. About eight queries; with the effect of 200,000 people about two seconds."""
        now, can = clock.now(), self.request.user.has_perm
        plan = plan_or_404(self.kwargs["pk"])
        self.title = plan.name
        summary = money_of(plan.summary)
        job = view_of(plan.job, now) if plan.job else None
        sees = can("customers.view_customer")
        shown = self.request.GET.get("who", "")
        values = list(plan.values.select_related("pool__promotion", "segment"))
        return super().get_context_data(
            plan=plan,
            state=plan_state(plan, now),
            audience=audience_of(plan),
            summary=summary,
            job=job if job and (job["open"] or job["stale"] or job["job"].error) else None,
            chart=curve(plan) if summary else None,
            evidence=evidence(plan) if summary else "",
            qini=qini((summary.get("evidence") or {}).get("curve") or ()) if summary else None,
            values=[
                {"value": value, "found": found, "only": display_name(value.segment) if value.segment else ""}
                for value, found in zip(values, summary.get("values") or [None] * len(values), strict=False)
            ],
            why=why_rows(summary),
            groups=_groups(),
            who=shown if shown in dict(_groups()) else "",
            people=_people(plan, shown) if summary and sees else [],
            effect=effect(plan, now=clock.knowledge_now()) if plan.launched_at else None,
            campaign=Campaign.objects.filter(plan=plan).first() if can("campaigns.view_campaign") else None,
            typed=_typed(plan),
            may_change=can("targeting.change_offerplan") and plan.launched_at is None,
            may_plan=can("campaigns.add_campaign") and plan.launched_at is None,
            may_discard=can("targeting.change_offerplan") and plan.launched_at is None,
            **choices(),
            **kwargs,
        )


def plan_or_404(pk: Any) -> OfferPlan:
    """Return a plan with what its page names."""
    return get_object_or_404(OfferPlan.objects.select_related("segment", "job__started_by"), pk=pk)


def _typed(plan: OfferPlan) -> dict[str, str]:
    """Return a plan as its form shows it."""
    return {
        "name": plan.name,
        "segment": str(plan.segment_id or ""),
        "method": plan.method,
        "budget": f"{plan.budget:f}",
        "basis": plan.basis,
        "margin": percent_text(plan.margin_share),
        "holdout": percent_text(plan.holdout_share),
        "window_days": str(plan.window_days),
    }


def _groups() -> list[tuple[str, str]]:
    return [
        ("", _("Who get something")),
        ("held", _("Left alone, to measure")),
        ("budget", _("Beyond the budget")),
        ("loses", _("Would cost more than they bring")),
        ("closed", _("Without a value")),
    ]


def _people(plan: OfferPlan, group: str) -> list[tuple[PlannedOffer, str]]:
    """Return some of a group with the reason in words, those first who bring most. One query."""
    fitting = {
        "": Q(value__isnull=False, held_out=False),
        "held": Q(value__isnull=False, held_out=True),
        "budget": Q(why=PlannedOffer.Why.BUDGET),
        "loses": Q(why=PlannedOffer.Why.LOSES),
        "closed": Q(why__in=[PlannedOffer.Why.CLOSED, PlannedOffer.Why.REFUSED]),
    }.get(group, Q(value__isnull=False, held_out=False))
    rows = list(selectors.offers(plan).filter(fitting).order_by("-gain", "pk")[:PEOPLE])
    for row in rows:
        row.plan = plan
    return [(row, sentence(row)) for row in rows]


class PlanAct(PermissionRequiredMixin, View):
    """What is done with a plan: changed, computed anew, thrown away, put into a campaign."""

    raise_exception = True
    _PERMISSIONS = {
        "compute": ("targeting.change_offerplan",),
        "change": ("targeting.change_offerplan",),
        "discard": ("targeting.change_offerplan",),
        "campaign": ("targeting.view_offerplan", "campaigns.add_campaign"),
    }

    def get_permission_required(self) -> tuple[str, ...]:
        """Return what the verb takes; a verb that does not exist takes what changing does."""
        return self._PERMISSIONS.get(self.kwargs["verb"], ("targeting.change_offerplan",))

    def post(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        """Do it, or say why not."""
        if verb not in self._PERMISSIONS:
            raise Http404
        plan = plan_or_404(pk)
        try:
            answer: HttpResponse | None = getattr(self, verb)(plan)
        except PlanNotReady as error:
            messages.error(request, str(error))
            answer = None
        return answer or redirect("admin:offer_plan", pk=pk)

    @property
    def user(self) -> Any:
        """Return who asks."""
        return self.request.user

    def compute(self, plan: OfferPlan) -> None:
        """Compute it as it stands."""
        _begin(plan, clock.now(), self.user)

    def change(self, plan: OfferPlan) -> None:
        """Write what was typed and compute it anew."""
        form = PlanForm(self.request.POST)
        if not form.is_valid():
            messages.error(self.request, next(iter(form.errors.values()))[0])
            return
        now = clock.now()
        try:
            with transaction.atomic():
                making.change_plan(plan, form.fields_of(), user=self.user, now=now)
                _begin(plan, now, self.user)
        except ValidationError as error:
            messages.error(self.request, error.messages[0])

    def discard(self, plan: OfferPlan) -> HttpResponse:
        """Throw it away."""
        making.discard_plan(plan, user=self.user, now=clock.now())
        messages.success(self.request, _("The plan is thrown away."))
        return redirect("admin:offer_plans")

    def campaign(self, plan: OfferPlan) -> HttpResponse:
        """Draft a campaign that hands out what the plan says; a plan has one at most."""
        drafted = Campaign.objects.filter(plan=plan).first()
        if drafted is None:
            if not plan.summary:
                raise PlanNotReady(_("Compute the plan first."))
            drafted = create_campaign(
                user=self.user,
                now=clock.now(),
                slug=_campaign_slug(plan),
                name=plan.name,
                kind=Campaign.Kind.COUPON,
                segment=plan.segment,
                plan=plan,
                goal_days=plan.window_days,
            )
        if drafted.state != Campaign.State.DRAFT:
            return redirect("admin:campaign_report", pk=drafted.pk)
        return redirect("admin:campaign_plan", pk=drafted.pk, step="content")


def _campaign_slug(plan: OfferPlan) -> str:
    taken = Campaign.objects.filter(slug=plan.slug).exists()
    return f"{plan.slug[:85]}-{plan.pk.hex[-8:]}" if taken else plan.slug
