"""Plan what a campaign tests: its arms, who is left alone, and when the winner goes to the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts import audit
from accounts.models import User
from campaigns import values
from campaigns.content.models import TemplateVersion
from campaigns.coupons.models import CouponPool
from campaigns.errors import CampaignNotReady
from campaigns.experiments.levers import checked
from campaigns.experiments.measures import MEASURES
from campaigns.experiments.models import Experiment, Layer
from campaigns.experiments.services import create_experiment, plan_waves
from campaigns.experiments.statistics.assignment import BUCKETS
from campaigns.models import Campaign
from campaigns.schedule.models import Timing
from recommendations.models import Strategy

from .permission import require

#: More arms than this split any shop too thin.
MOST_ARMS = 8
#: The waves of a bandit, and how far they lie apart at least.
WAVES = 4


@dataclass(frozen=True, slots=True)
class ArmPlan:
    """One arm as it is planned; the first one is the control unless another says so."""

    key: str
    name: str
    levers: Mapping[str, Any] = field(default_factory=dict)
    weight: int = 1
    is_control: bool = False


@transaction.atomic
def plan_test(
    campaign: Campaign,
    *,
    user: User | None,
    now: datetime,
    arms: Sequence[ArmPlan],
    holdout_share: float,
    test_share: float | None,
    metric: str,
    decide_after_days: int,
    method: str | None = None,
    alpha: float = 0.05,
    minimum_effect: float | None = None,
    planned_looks: int = 1,
    layer: Layer | None = None,
    layer_share: float = 1.0,
    actor: str = "",
) -> Experiment | None:
    """Give a draft its test and return it; what was planned before is replaced.

    One arm without a hold-out tests nothing: None. One arm with a hold-out is a test of *written to* against
    *left alone*. With a `test_share` only so many get a message at the launch; after `decide_after_days` the
    rules name the winner, or the control when there is none, and beat sends it to the rest. The method
    `bandit` sends in four waves over that time, each by what the ones before showed. The metric's window is
    `decide_after_days` too, so that the decision is on closed windows.

    Raises PermissionDenied, CampaignNotReady once the campaign was launched, and ValidationError or
    DesignError with a sentence that says what to change.
    """
    require(user, "campaigns.change_campaign")
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if campaign.state != Campaign.State.DRAFT:
        raise CampaignNotReady([_("A test is planned before the launch; this campaign was launched.")])
    before = campaign.experiment
    _check(campaign, arms, holdout_share, test_share, decide_after_days, method, metric)
    experiment = None
    if len(arms) > 1 or holdout_share > 0:
        chosen = method or (Experiment.Method.WINNER if test_share else Experiment.Method.FIXED)
        experiment = create_experiment(
            key=_free_key(campaign, before),
            name=campaign.name,
            salt=str(uuid4()),
            variants=_variants(_weighed(arms)),
            holdout_share=round(holdout_share, 3),
            window_days=decide_after_days,
            now=now,
            method=chosen,
            metric=metric,
            alpha=alpha,
            minimum_effect=minimum_effect,
            planned_looks=planned_looks,
            layer=layer,
            layer_share=layer_share,
        )
        if chosen == Experiment.Method.WINNER:
            assert test_share is not None  # noqa: S101  checked above
            plan_waves(
                experiment,
                [round(test_share * BUCKETS) / BUCKETS, 1 - round(test_share * BUCKETS) / BUCKETS],
                [timedelta(0), timedelta(days=decide_after_days)],
            )
        elif chosen == Experiment.Method.BANDIT:
            step = timedelta(days=decide_after_days) / WAVES
            plan_waves(experiment, [1 / WAVES] * WAVES, [step * k for k in range(WAVES)])
    campaign.experiment = experiment
    campaign.save(update_fields=["experiment"])
    _forget(before)
    audit.record(
        action="plan_test",
        target=campaign,
        now=now,
        user=user,
        actor=actor,
        before={"test": before.key if before else None},
        after={
            "test": experiment.key if experiment else None,
            "arms": [arm.key for arm in arms],
            "held_out": holdout_share,
            "test_share": test_share,
            "metric": metric,
            "decide_after_days": decide_after_days,
        },
    )
    return experiment


def _check(
    campaign: Campaign,
    arms: Sequence[ArmPlan],
    holdout_share: float,
    test_share: float | None,
    days: int,
    method: str | None,
    metric: str,
) -> None:
    if not 1 <= len(arms) <= MOST_ARMS:
        raise ValidationError(_("A test has 1 to %(most)d arms.") % {"most": MOST_ARMS})
    if not 0 <= holdout_share <= 0.9:
        raise ValidationError(_("Hold out at most 90 % of the people."))
    if not 1 <= days <= 365:
        raise ValidationError(_("Decide after 1 to 365 days."))
    in_waves = test_share is not None or method == Experiment.Method.BANDIT
    if in_waves and len(arms) < 2:
        raise ValidationError(_("There is nothing to choose: add a second arm, or send to everybody."))
    if in_waves and campaign.timing not in (Timing.NOW, Timing.AT):
        raise ValidationError(_("Only a campaign that goes once can send the winner to the rest."))
    if in_waves and campaign.plan_id is not None:
        raise ValidationError(_("An offer plan decides for everybody at once. Send this campaign in one go."))
    if method == Experiment.Method.BANDIT and metric in MEASURES and MEASURES[metric].kind != "proportion":
        raise ValidationError(_("Waves learn from a share of people: choose a metric that counts people."))
    if test_share is not None and not 0.01 <= test_share <= 0.9:
        raise ValidationError(_("Test on 1 % to 90 % of the people."))
    if method == Experiment.Method.WINNER and test_share is None:
        raise ValidationError(_("Say on how many the test is made before the winner goes to the rest."))
    levers = [checked(arm.levers) for arm in arms]
    _check_names(levers)
    if found := values.problems(campaign, levers):
        raise ValidationError(found)
    if any("value" in arm for arm in levers):
        if metric != "margin":
            raise ValidationError(_("Values are compared by margin: the largest one always sells most."))
        if method == Experiment.Method.BANDIT or campaign.timing == Timing.TRIGGERED:
            raise ValidationError(
                _("Shares of values are learned from one campaign to the next. Send this one in one go.")
            )


def _check_names(levers: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what levers name and does not exist. At most three queries."""
    for name, there in (
        ("content", lambda keys: TemplateVersion.objects.filter(pk__in=[int(key) for key in keys])),
        ("pool", lambda keys: CouponPool.objects.filter(pk__in=keys)),
        ("strategy", lambda keys: Strategy.objects.filter(key__in=keys)),
    ):
        wanted = {arm[name] for arm in levers if name in arm}
        if wanted and there(wanted).count() < len(wanted):
            raise ValidationError(_NOT_THERE[name])


_NOT_THERE: dict[str, Any] = {
    "content": _lazy("This content does not exist any more. Choose another one."),
    "pool": _lazy("This coupon pool does not exist any more. Choose another one."),
    "strategy": _lazy("There is no such strategy. Choose another one."),
}


def _weighed(arms: Sequence[ArmPlan]) -> Sequence[ArmPlan]:
    """Give arms that are values the shares that were learned, unless a person chose others. One query."""
    if not all("value" in arm.levers for arm in arms) or any(arm.weight != 1 for arm in arms):
        return arms
    weights = values.shares_for([int(arm.levers["value"]) for arm in arms])
    return [replace(arm, weight=weights[int(arm.levers["value"])]) for arm in arms]


def _variants(arms: Sequence[ArmPlan]) -> list[dict[str, Any]]:
    control = next((arm.key for arm in arms if arm.is_control), arms[0].key)
    return [
        {
            "key": arm.key,
            "name": arm.name,
            "weight": arm.weight,
            "is_control": arm.key == control,
            "levers": arm.levers,
        }
        for arm in arms
    ]


def _free_key(campaign: Campaign, before: Experiment | None) -> str:
    """Return the campaign's short name, or with a number where another test has it."""
    base = campaign.slug[:90]
    taken = set(Experiment.objects.filter(key__startswith=base).values_list("key", flat=True))
    if before is not None and before.state == Experiment.State.DRAFT:
        taken.discard(before.key)
        Experiment.objects.filter(pk=before.pk).update(key=f"old-{uuid4()}")
    names = [base, *(f"{base}-{n}" for n in range(2, len(taken) + 2))]
    return next(name for name in names if name not in taken)


def _forget(before: Experiment | None) -> None:
    """Delete a plan that nobody was assigned by."""
    if before is not None and before.state == Experiment.State.DRAFT and not before.assignments.exists():
        before.delete()
