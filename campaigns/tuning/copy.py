"""What tests of subjects and contents teach about words; the next test begins with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from campaigns.content.models import TemplateVersion
from campaigns.experiments.levers import subject_in
from campaigns.experiments.models import Experiment, Variant
from campaigns.experiments.services.waves import Shares, floor_of
from campaigns.experiments.statistics.bandit import Tally, next_wave, remember
from campaigns.learning.copy_features import ArmSeen, CopyBeliefs, Guess, described
from campaigns.tuning.standing import holds
from recommendations.models import Posterior, TuningDecision

SUBJECT = "copy"
#: What was counted already; the newest.
KEPT = 500


@transaction.atomic
def learn_copy(*, now: datetime) -> list[TuningDecision]:
    """Learn from the last look of every test of words that is decided, each once.

    It decides nothing: a person writes every arm and a test judges it. Looks are stored, so that 100 tests
    take about 0.1 s. People who refused to be profiled are in tests' sums, and in no row here.
    """
    stored = holds(SUBJECT, "")
    known = list(stored.get("tests", ()))
    decided = Experiment.objects.filter(
        kind=Experiment.Kind.LIVE, state__in=(Experiment.State.DECIDED, Experiment.State.ARCHIVED)
    ).exclude(key__in=known)
    tests = [test for test in decided.prefetch_related("variants", "snapshots") if _of_words(test)]
    if not tests:
        return []
    features = features_of([v for test in tests for v in test.variants.all()])
    seen = [_seen(test, features) for test in tests]
    beliefs = CopyBeliefs.from_json(stored.get("beliefs", {})).updated(seen)
    Posterior.objects.update_or_create(
        subject=SUBJECT,
        key="",
        defaults={
            "parameters": {
                "beliefs": beliefs.as_json(),
                "tests": [*known, *(test.key for test in tests)][-KEPT:],
            },
            "updated_at": now,
        },
    )
    return []


def beliefs_now() -> CopyBeliefs:
    """Return what is known of words. One query."""
    return CopyBeliefs.from_json(holds(SUBJECT, "").get("beliefs", {}))


def guesses_for(variants: Sequence[Variant]) -> tuple[int, dict[str, Guess]]:
    """Return from how many campaigns something is known, and what to expect of each arm. Two queries.

    Empty where arms do not differ in words or nothing was learned yet.
    """
    beliefs = beliefs_now()
    if not beliefs.campaigns or len(variants) < 2 or not any(_WORDS & set(v.levers) for v in variants):
        return beliefs.campaigns, {}
    features = features_of(variants)
    found = beliefs.guesses([features[v.pk] for v in variants])
    return beliefs.campaigns, {v.key: guess for v, guess in zip(variants, found, strict=True)}


def bandit_shares(experiment: Experiment, waves: Sequence[Mapping[str, Any]]) -> Shares | None:
    """Return a bandit's shares with what earlier campaigns say of such words, worth 50 people an arm.

    None for a test of anything else, or while nothing is known.
    """
    variants = list(experiment.variants.order_by("id"))
    beliefs = beliefs_now()
    if not beliefs.campaigns or not all(_WORDS & set(v.levers) for v in variants) or not waves:
        return None
    people = sum(n for wave in waves for _did, n in wave["arms"].values())
    did = sum(x for wave in waves for x, _n in wave["arms"].values())
    if not people:
        return None
    features = features_of(variants)
    begun = beliefs.weights({v.key: features[v.pk] for v in variants}, did / people)
    own = remember([
        {key: Tally(x, n * wave["visible"]) for key, (x, n) in wave["arms"].items()} for wave in waves
    ])  # fmt: skip
    memory = {key: Tally(did, people) + own.get(key, Tally()) for key, (people, did) in begun.items()}
    decided = next_wave(memory, floor=floor_of(experiment))
    return Shares(
        {key: float(weight) for key, weight in decided.weights.items()},
        {"waves": list(waves), "words": {key: list(told) for key, told in begun.items()}},
    )


_WORDS = {"subject", "content"}


def features_of(variants: Sequence[Variant]) -> dict[int, dict[str, float]]:
    """Return what each arm's subject is like; a content's own subject where the arm has none. One query."""
    numbers = [int(v.levers["content"]) for v in variants if "content" in v.levers]
    contents = TemplateVersion.objects.in_bulk(numbers)
    found = {}
    for variant in variants:
        subject = subject_in(variant.levers, settings.LANGUAGE_CODE)
        content = contents.get(int(variant.levers.get("content", 0)))
        tone = variant.levers.get("features", {}).get("tone", "")
        found[variant.pk] = described(subject or (content.subject if content else ""), tone)
    return found


def _of_words(test: Experiment) -> bool:
    variants = test.variants.all()
    return len(variants) > 1 and all(_WORDS & set(v.levers) for v in variants)


def _seen(test: Experiment, features: Mapping[int, Mapping[str, float]]) -> list[ArmSeen]:
    """Return each arm's people and how many did what the test is about, from its last look."""
    look = max(test.snapshots.all(), key=lambda one: one.look, default=None)
    if look is None:
        return []
    metrics = look.statistics["design"]["metrics"]
    place = next((n for n, metric in enumerate(metrics) if metric["role"] == "primary"), 0)
    counted = look.statistics["tallies"][place]["met"]
    return [
        ArmSeen(features[v.pk], told["n"], told["x"])
        for v in test.variants.all()
        if "x" in (told := counted.get(v.key, {}))
    ]
