"""Make plans, change them, throw them away."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.dispatch import start_job
from accounts.models import Job, User
from campaigns.targeting.errors import PlanNotReady
from campaigns.targeting.models import OfferPlan, PlanValue
from campaigns.targeting.worth import Worth

#: The kind of job that computes a plan.
PLAN = "offer_plan"
#: What one plan may offer; the sum of all values is asked of everybody.
MOST_VALUES = 12
#: What may be changed until the launch. The short name stays: whom a plan leaves alone hangs on its id.
CHANGEABLE = (
    "name", "segment", "method", "budget", "basis", "margin_share", "response", "holdout_share",
    "window_days",
)  # fmt: skip


@transaction.atomic
def create_plan(
    *,
    values: Sequence[dict[str, Any]],
    user: User | None,
    now: datetime,
    actor: str = "",
    **fields: Any,
) -> OfferPlan:
    """Store a plan with its values (`pool`, and maybe `segment`, `worth`); nothing is computed yet.

    Raises ValidationError with a sentence per field.
    """
    pools = [value["pool"] for value in values]
    currencies = {pool.promotion.currency for pool in pools}
    if not 1 <= len(values) <= MOST_VALUES:
        raise ValidationError({"values": _("Give 1 to %(most)d values.") % {"most": MOST_VALUES}})
    if len({pool.pk for pool in pools}) < len(pools):
        raise ValidationError({"values": _("Each pool may stand in a plan once.")})
    if len(currencies) > 1:
        raise ValidationError({"values": _("All values must be of one currency.")})
    plan = OfferPlan(created_by=user, created_at=now, currency=currencies.pop(), **fields)
    plan.full_clean()
    plan.save(force_insert=True)
    for value in values:
        row = PlanValue(plan=plan, **value)
        try:
            row.full_clean()
            Worth.of(row)
        except PlanNotReady as error:
            raise ValidationError({"values": str(error)}) from error
        row.save(force_insert=True)
    audit.record(
        action="create_offer_plan",
        target=plan,
        now=now,
        user=user,
        actor=actor,
        after={"slug": plan.slug, "budget": str(plan.budget), "values": [str(pool) for pool in pools]},
    )
    return plan


@transaction.atomic
def change_plan(plan: OfferPlan, fields: Mapping[str, Any], *, user: User | None, now: datetime) -> OfferPlan:
    """Write a plan's fields (CHANGEABLE). What was computed stays until it is computed anew.

    Raises PlanNotReady once it is on its way, ValidationError with a sentence per field.
    """
    plan = _open(plan)
    before = _told(plan)
    for name in CHANGEABLE:
        if name in fields:
            setattr(plan, name, fields[name])
    plan.full_clean()
    plan.save(update_fields=CHANGEABLE)
    if (after := _told(plan)) != before:
        audit.record(action="change_offer_plan", target=plan, now=now, user=user, before=before, after=after)
    return plan


@transaction.atomic
def discard_plan(plan: OfferPlan, *, user: User | None, now: datetime) -> None:
    """Delete a plan that no campaign uses. Raises PlanNotReady for one that a campaign does."""
    plan = _open(plan)
    if OfferPlan.objects.filter(pk=plan.pk, campaign__isnull=False).exists():
        raise PlanNotReady(_("A campaign uses the plan."))
    audit.record(action="discard_offer_plan", target=plan, now=now, user=user, before=_told(plan))
    plan.delete()


@transaction.atomic
def begin_computing(
    plan: OfferPlan, *, now: datetime, user: User | None = None, actor: str = "", result_url: str = ""
) -> Job:
    """Start the job that computes a plan, whose page leads to `result_url`.

    Raises PlanNotReady once the plan is on its way.
    """
    plan = _open(plan)
    plan.job = start_job(PLAN, now=now, user=user, parameters={"plan": str(plan.pk)}, result_url=result_url)
    plan.save(update_fields=["job"])
    audit.record(action="start_offer_plan", target=plan, now=now, user=user, actor=actor)
    return plan.job


def free_slug(name: str) -> str:
    """Return a short name that no plan has. One query."""
    stem = slugify(name)[:90] or "plan"
    taken = set(OfferPlan.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    if stem not in taken:
        return stem
    return next(slug for n in range(2, len(taken) + 3) if (slug := f"{stem}-{n}") not in taken)


def _open(plan: OfferPlan) -> OfferPlan:
    found = OfferPlan.objects.select_for_update(no_key=True).get(pk=plan.pk)
    if found.launched_at is not None:
        raise PlanNotReady(_("The plan is on its way to people. Make a new one."))
    return found


def _told(plan: OfferPlan) -> dict[str, Any]:
    """Return a plan as plain JSON for the audit log."""
    return {name: str(getattr(plan, name)) for name in CHANGEABLE}
