"""Step 4: what is compared, who is left alone, and how much that can show."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from campaigns.actions.change_campaign import touch
from campaigns.actions.locking import locked
from campaigns.actions.plan_test import ArmPlan, plan_test
from campaigns.content.liquid import TemplateInvalid
from campaigns.experiments.advice import Advice, advise, base_rate
from campaigns.experiments.models import Experiment, Variant
from campaigns.experiments.statistics.assignment import BUCKETS
from campaigns.learning.copy_reading import TONES
from campaigns.models import Campaign
from campaigns.planning.forecast import forecast
from campaigns.preflight import mails
from console.engage.wizard.levers import LEVERS, offered
from console.engage.wizard.samples import look, samples
from console.learn.copy_words import words_of
from core import clock

#: Levers that are words, of which one test teaches the next.
WORDS = ("subject", "content")
MOST_ARMS = 5
_KEYS = "abcdefgh"


@dataclass(frozen=True, slots=True)
class Test:
    """A test as the page states it."""

    lever: str
    arms: tuple[ArmPlan, ...]
    holdout_share: float
    test_share: float | None
    metric: str
    decide_after_days: int


def context(campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    """Return the test as it stands, and what arms may differ in. Five queries."""
    test = campaign.experiment
    variants = list(test.variants.order_by("id")) if test else []
    lever = _lever_of(variants)
    there = offered(campaign, lever)
    share = share_of(test)
    return {
        "mails": mails(campaign),
        "lever": lever,
        "cards": there["cards"],
        "holdout": round(100 * float(test.holdout_share)) if test else 0,
        "tested": share is not None,
        "test_share": round(100 * float(share)) if share else 10,
        "metric": test.metric if test else "conversion",
        "metrics": [("conversion", _("how many order")), ("revenue", _("revenue per person"))],
        "decide_after": test.window_days if test and share else 3,
        "arms_start": {
            "arms": [LEVERS[lever].read(v.levers) for v in variants] if lever else [],
            "own": there["own"],
            "most": MOST_ARMS,
            "labels": [chr(65 + number) for number in range(MOST_ARMS)],
            "remove": _("Remove"),
            "tone": _("Tone"),
            "tones": [
                ["plain", _("plain")],
                ["warm", _("friendly")],
                ["playful", _("playful")],
            ],
            "said": [v.levers.get("features", {}).get("tone", "plain") for v in variants],
            "choices": there["choices"],
        },
    }


def share_of(test: Experiment | None) -> float | None:
    """Return the part of the people on which a test chooses its winner; None where it goes to all at once."""
    if test is None or test.method != Experiment.Method.WINNER:
        return None
    first = test.waves.order_by("number").first()
    return (first.high - first.low) / BUCKETS if first else None


def _lever_of(variants: list[Variant]) -> str:
    """Return in what the arms differ; empty for one arm."""
    if len(variants) < 2:
        return ""
    return next((name for name in LEVERS if any(name in v.levers for v in variants)), "")


def read_test(campaign: Campaign, given: Any) -> tuple[Test | None, dict[str, str]]:
    """Return the test that a page sent, or a sentence for each thing that cannot be."""
    if not isinstance(given, Mapping):
        return None, {"test": _("The page sent something that cannot be read. Reload it.")}
    wrong: dict[str, str] = {}
    lever = str(given.get("lever") or "")
    holdout = _whole(given.get("holdout"), 0, 50)
    if holdout is None:
        wrong["holdout"] = _("Write a share from 0 to 50 percent.")
    share = _whole(given.get("test_share"), 1, 90) if given.get("tested") else None
    if given.get("tested") and share is None:
        wrong["test_share"] = _("Write a share from 1 to 90 percent.")
    days = _whole(given.get("decide_after"), 1, 90)
    if days is None:
        wrong["decide_after"] = _("Write the days until the decision, from 1 to 90.")
    metric = str(given.get("metric") or "conversion")
    if lever == "value":
        metric = "margin"
    if metric not in ("conversion", "revenue", "margin"):
        wrong["metric"] = _("Choose what decides.")
    arms = _arms(campaign, lever, given.get("arms"), wrong) if lever in LEVERS else ()
    if lever in WORDS:
        arms = _toned(arms, given.get("tones"))
    if wrong:
        return None, wrong
    own = (ArmPlan("a", _("As planned"), {}, 1, True),)
    tested = share / 100 if share is not None and len(arms) > 1 else None
    return Test(lever, arms or own, (holdout or 0) / 100, tested, metric, days or 3), {}


def _arms(campaign: Campaign, lever: str, given: Any, wrong: dict[str, str]) -> tuple[ArmPlan, ...]:
    values = [str(v).replace("\0", "").strip() for v in given] if isinstance(given, list) else []
    if not 2 <= len(values) <= MOST_ARMS:
        wrong["arms"] = _("Compare two to %(most)d.") % {"most": MOST_ARMS}
        return ()
    for number, value in enumerate(values):
        if problem := _fault(campaign, lever, value):
            wrong[f"arm{number}"] = problem
    if not wrong and len(set(values)) < len(values):
        wrong["arms"] = _("Two of them are the same. Make them differ.")
    return tuple(
        ArmPlan(_KEYS[number], _named(lever, value, number), LEVERS[lever].levers(value), 1, number == 0)
        for number, value in enumerate(values)
    )


def _toned(arms: tuple[ArmPlan, ...], tones: Any) -> tuple[ArmPlan, ...]:
    """Add to each arm the tone that a person chose; plain says nothing."""
    said = tones if isinstance(tones, list) else []
    return tuple(
        replace(arm, levers={**arm.levers, "features": {"tone": tone}})
        if tone in TONES and tone != TONES[0]
        else arm
        for arm, tone in zip_longest(arms, said[: len(arms)])
    )


def _fault(campaign: Campaign, lever: str, value: str) -> str:
    """Say what is wrong with an arm; empty when nothing is."""
    if not value:
        return _("Say what this one is.")
    return LEVERS[lever].fault(campaign, value)


def _named(lever: str, value: str, number: int) -> str:
    return f"{chr(65 + number)}: {LEVERS[lever].named(value)}"[:150]


def _whole(value: Any, least: int, most: int) -> int | None:
    """Return a whole number within bounds, None for anything else."""
    text = str(value).strip().rstrip("%")
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return None
    return int(text) if least <= int(text) <= most else None


@transaction.atomic
def store_test(campaign: Campaign, test: Test, *, user: User, now: datetime) -> Campaign:
    """Replace the draft's test; the campaign is another version then."""
    alone = len(test.arms) == 1 and not test.holdout_share
    if alone and campaign.experiment is None:
        return campaign
    plan_test(
        campaign, user=user, now=now, arms=test.arms, holdout_share=test.holdout_share,
        test_share=test.test_share, metric=test.metric,
        decide_after_days=test.decide_after_days if test.test_share else campaign.goal_days,
    )  # fmt: skip
    campaign = locked(campaign.pk)
    touch(campaign, now=now)
    campaign.save(update_fields=["version", "changed_at", "stopped_by"])
    return campaign


def live(campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    """Say what the test could show, with the people it would have."""
    if not mails(campaign):
        return {}
    foreseen = forecast(campaign, now=clock.now(), as_of=clock.knowledge_now())
    test = campaign.experiment
    arms = test.variants.count() if test else 1
    people = foreseen.people + foreseen.held_out
    advice: Advice | None = None
    if test is not None and people > 0:
        base = base_rate(test.metric, window_days=test.window_days, as_of=clock.knowledge_now())
        advice = advise(
            people=people, arms=arms, holdout_share=float(test.holdout_share), test_share=share_of(test),
            metric=test.metric, base=base,
        )  # fmt: skip
    return {
        "people": people, "test": test, "arms": arms, "advice": advice, "held_out": foreseen.held_out,
        "words": words_of(list(test.variants.order_by("id"))) if test else None,
        **(_arms_seen(campaign, request) if arms > 1 else {}),
    }  # fmt: skip


def _arms_seen(campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    """Show what an arm says to somebody of the audience; nothing where a content cannot be shown."""
    if campaign.content is None:
        return {}
    sees = request.user.has_perm("customers.view_customer")
    people = samples(campaign, as_of=clock.knowledge_now(), sees_people=sees)
    try:
        return look(campaign, people, request, now=clock.now())
    except TemplateInvalid as error:
        return {"mistake": str(error)}
