"""What tests of subjects and contents teach about words; the next test begins with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from campaigns.content.models import TemplateVersion
from campaigns.experiments.levers import subject_in
from campaigns.experiments.models import Experiment, Snapshot, Variant
from campaigns.experiments.services.waves import Shares, floor_of
from campaigns.experiments.statistics.bandit import Tally, next_wave, remember
from campaigns.learning.copy_features import ArmSeen, CopyBeliefs, Guess
from campaigns.learning.copy_reading import FEATURES, of_body, of_subject
from campaigns.models import Campaign
from campaigns.tuning.standing import holds
from recommendations.models import Posterior, TuningDecision

SUBJECT = "copy"
#: So many tests are learned from, the newest: what worked ten years ago is no guide.
KEPT = 500

_WORDS, _SAID = {"subject", "content"}, "features"
_DECIDED = (Experiment.State.DECIDED, Experiment.State.ARCHIVED)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a feature in which arms differ was worth so far, and in how many campaigns arms differed in it."""

    feature: str
    guess: Guess
    campaigns: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What to expect of the arms of a test by their words: by arm, and why."""

    campaigns: int
    arms: Mapping[str, Guess]
    lessons: Sequence[Lesson]


@transaction.atomic
def learn_copy(*, now: datetime) -> list[TuningDecision]:
    """Learn from the last look of every decided test of words: from all of them anew when there is another.

    It decides nothing: a person writes every arm and a test judges it. Looks are stored, so that what is read
    off texts may change: all tests are then read again. 100 tests take about 0.1 s. People who refused to be
    profiled are in tests' sums, and in no row here.
    """
    decided = Experiment.objects.filter(kind=Experiment.Kind.LIVE, state__in=_DECIDED).order_by("-pk")
    tests = [test for test in decided.prefetch_related("variants")[: 4 * KEPT] if _of_words(test)][:KEPT]
    stored = holds(SUBJECT, "")
    keys = [test.key for test in tests]
    if not keys and not stored:
        return []
    if keys == stored.get("tests", []) and stored.get("beliefs", {}).get("features") == list(FEATURES):
        return []
    features = features_of([v for test in tests for v in test.variants.all()])
    looks = {
        look.experiment_id: look
        for look in Snapshot.objects.filter(experiment__in=tests)
        .order_by("experiment_id", "-look").distinct("experiment_id")
    }  # fmt: skip
    seen = [_seen(test, looks[test.pk], features) for test in tests if test.pk in looks]
    beliefs = CopyBeliefs().updated(seen)
    Posterior.objects.update_or_create(
        subject=SUBJECT,
        key="",
        defaults={"parameters": {"beliefs": beliefs.as_json(), "tests": keys}, "updated_at": now},
    )
    return []


def beliefs_now() -> CopyBeliefs:
    """Return what is known of words. One query."""
    return CopyBeliefs.from_json(holds(SUBJECT, "").get("beliefs", {}))


def expected_of(variants: Sequence[Variant]) -> Expected | None:
    """Return what to expect of each arm of a test, and why. Three queries.

    None where the arms do not differ in words, or in nothing of which earlier campaigns told something.
    """
    if len(variants) < 2 or not any(_WORDS & set(v.levers) for v in variants):
        return None
    beliefs = beliefs_now()
    if not beliefs.campaigns:
        return None
    features = features_of(variants)
    arms = [variant for variant in variants if variant.pk in features]
    if len(arms) < 2 or not (told := beliefs.lessons([features[v.pk] for v in arms])):
        return None
    found = beliefs.guesses([features[v.pk] for v in arms])
    worth = beliefs.effects()
    return Expected(
        beliefs.campaigns,
        {v.key: guess for v, guess in zip(arms, found, strict=True)},
        [Lesson(name, worth[name], beliefs.told[name]) for name in told],
    )


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
    features = features_of(variants)
    if not people or len(features) < len(variants):
        return None
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


def features_of(variants: Iterable[Variant]) -> dict[int, dict[str, float]]:
    """Return what each arm's subject and body are like, where it has none of its own the campaign's.

    An arm whose content is not there any more is not described. Two queries.
    """
    variants = list(variants)
    contents = TemplateVersion.objects.defer("html", "text", "compiled").in_bulk(
        {int(v.levers["content"]) for v in variants if "content" in v.levers}
    )
    own = {
        campaign.experiment_id: campaign.content
        for campaign in Campaign.objects.filter(experiment__in={v.experiment_id for v in variants})
        .select_related("content").defer("content__html", "content__text", "content__compiled")
    }  # fmt: skip
    bodies: dict[int | None, dict[str, float]] = {None: of_body([])}
    found = {}
    for variant in variants:
        number = variant.levers.get("content")
        content = contents.get(int(number)) if number else own.get(variant.experiment_id)
        if number and content is None:
            continue
        if content is not None and content.pk not in bodies:
            bodies[content.pk] = of_body(content.blocks)
        subject = subject_in(variant.levers, settings.LANGUAGE_CODE)
        found[variant.pk] = {
            **of_subject(
                subject or (content.subject if content else ""),
                variant.levers.get(_SAID, {}).get("tone", ""),
            ),
            **bodies[content.pk if content else None],
        }
    return found


def _of_words(test: Experiment) -> bool:
    """Say whether the arms of a test differ in words, and in nothing else."""
    variants = list(test.variants.all())
    others = [{k: v for k, v in one.levers.items() if k not in _WORDS and k != _SAID} for one in variants]
    return (
        len(variants) > 1
        and any(_WORDS & set(v.levers) for v in variants)
        and all(other == others[0] for other in others)
    )


def _seen(test: Experiment, look: Snapshot, features: Mapping[int, Mapping[str, float]]) -> list[ArmSeen]:
    """Return each arm's people and how many did what the test is about, from a look."""
    metrics = look.statistics["design"]["metrics"]
    place = next((n for n, metric in enumerate(metrics) if metric["role"] == "primary"), 0)
    counted = look.statistics["tallies"][place]["met"]
    return [
        ArmSeen(features[v.pk], told["n"], told["x"])
        for v in test.variants.all()
        if v.pk in features and "x" in (told := counted.get(v.key, {}))
    ]
