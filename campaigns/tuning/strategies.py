"""Which strategy for whom, learned from what campaigns logged, across campaigns and by persona."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
from django.db import transaction

from campaigns.decisions.frame import read_log
from campaigns.decisions.outcomes import close_windows, margin_share
from campaigns.experiments.live.learning import PERIODS, delay_curve
from campaigns.experiments.models import Experiment, Metric
from campaigns.experiments.services.waves import Shares
from campaigns.experiments.statistics.delay import Delay
from campaigns.learning.choice import shares, standard_draws
from campaigns.learning.effects import Beliefs, believe, worth
from campaigns.learning.memory import Context, Memory, Outcome, Wave, turns
from campaigns.learning.small_shop import EVERYBODY, SMALL_SHOP, TwoArms, campaigns_needed
from campaigns.learning.strategies import Strategies
from campaigns.tuning.choosing import ANYBODY, SHARES, subject_of
from campaigns.tuning.kinds import SHARES_KIND
from delivery.models import Run
from recommendations.models import Champion, Posterior, TuningDecision
from recommendations.services.tuning import Expected, Figures, propose
from recommendations.state import serving_versions

#: The posterior that holds the memory of waves.
WAVES = "waves"
#: So many strategies are live at most; a small shop tries one beside what is in use (TwoArms).
MOST_ARMS = 6
#: A small shop's challenger is judged when so much of a campaign's orders can be seen.
SEEN = 0.95
#: The effect for which a verdict's campaigns are told.
TOLD_LIFT = 0.1


def learn_strategies(*, now: datetime) -> list[TuningDecision]:
    """Learn from the log of each use and propose the shares that follow, by persona in a large shop.

    The margin per person met is compared within waves only, waves whose windows are open count by what could
    have been seen, older ones weigh .9 of the next (campaigns.learning). Windows that closed get their
    outcome in the log. A shop of small campaigns gets two arms and everybody together. A use in which
    nothing was ever chosen stays with its champion. 20,000 decisions take 0.4 s.
    """
    found = []
    for use, champion in Champion.objects.values_list("use", "strategy__key"):
        frame = read_log(use, as_of=now, margin_share=margin_share())
        close_windows(frame, now=now)
        decision = _learn(use, champion, waves_of(frame, now=now), now)
        if decision is not None:
            found.append(decision)
    return found


def waves_of(frame: pl.DataFrame, *, now: datetime) -> list[Wave]:
    """Return what each sending showed by persona and strategy, oldest first.

    Triggered messages go little by little while shares move on, so theirs is a wave for each campaign, month
    and policy: within one, strategies were drawn by the same shares. A person counts as ordering once a
    message; their margin is that of all orders within the window. A wave whose people were met little by
    little has shown what they have on the mean.
    """
    chosen = frame.filter((pl.col("written") == 1) & (pl.col("strategy") != ""))
    if chosen.is_empty():
        return []
    by_policy = pl.concat_str("run", "policy", separator=" ")
    chosen = chosen.with_columns(
        wave=pl.when(pl.col("turn") == "").then(pl.col("run")).otherwise(by_policy), shown=_shown(chosen, now)
    )
    cells = chosen.group_by("wave", "persona", "strategy").agg(
        people=pl.len(), orders=(pl.col("orders") > 0).sum(), margin=pl.col("margin").sum(),
        discount=pl.col("discount").sum(),
    )  # fmt: skip
    sums: dict[str, dict[Context, dict[str, Outcome]]] = {}
    for row in cells.sort("wave", "persona", "strategy").iter_rows(named=True):
        outcome = Outcome(row["people"], row["orders"], row["margin"], row["discount"])
        sums.setdefault(row["wave"], {}).setdefault((row["persona"],), {})[row["strategy"]] = outcome
    found = chosen.group_by("wave").agg(
        first=pl.col("at").min(), shown=pl.col("shown").mean(), turn=pl.col("turn").first()
    )
    return [
        Wave(key, sums[key], min(shown, 1.0), turn)
        for key, _first, shown, turn in found.sort("first", "wave").iter_rows()
    ]


def _shown(frame: pl.DataFrame, now: datetime) -> pl.Series:
    """Return by decision the share of such decisions' orders that can be seen by now. A query a window."""
    shown = pl.Series("shown", [1.0] * frame.height)
    for days in frame["days"].unique().to_list():
        ages = (now.timestamp() - frame["at"].to_numpy()) / (days * 86_400.0 / PERIODS)
        shown = pl.Series("shown", np.where(frame["days"] == days, _curve(days, now).shares_at(ages), shown))
    return shown


def pooled(wave: Wave) -> Wave:
    """Return a wave with everybody together."""
    sums: dict[str, Outcome] = {}
    for arms in wave.cells.values():
        for arm, outcome in arms.items():
            sums[arm] = sums.get(arm, Outcome()) + outcome
    return replace(wave, cells={EVERYBODY: sums})


def bandit_shares(experiment: Experiment, own: Sequence[Mapping[str, Any]]) -> Shares | None:
    """Return the shares of a bandit's next wave when its arms are strategies and orders decide; else None.

    Earlier campaigns are remembered, the test's own waves come on top as they were counted just now; what
    counts is the margin a person met. None while nobody ever met one of the strategies: arms are equal then.
    """
    campaign = getattr(experiment, "campaign", None)
    variants = list(experiment.variants.order_by("id"))
    keys = {variant.key: variant.levers.get("strategy") for variant in variants}
    only = all(set(variant.levers) == {"strategy"} for variant in variants)
    if campaign is None or not only or len(set(keys.values())) < len(keys):
        return None
    if experiment.metric != "conversion":
        return None
    arms = tuple(str(key) for key in keys.values())
    runs = {str(pk) for pk in Run.objects.filter(reference=str(campaign.pk)).values_list("pk", flat=True)}
    earlier = memory_of(f"{campaign.channel}:{campaign.objective}").waves
    waves = [pooled(wave) for wave in earlier if wave.key.partition(" ")[0] not in runs]
    left = worth(waves, [EVERYBODY], arms)  # what an order leaves is known of closed windows
    for one in own:
        counted = {str(keys[key]): Outcome(people, orders) for key, (orders, people) in one["arms"].items()}
        waves.append(Wave(f"{experiment.pk}:{one['wave']}", {EVERYBODY: counted}, one["visible"]))
    beliefs = believe(waves, [EVERYBODY], arms)
    if not beliefs.people.any():
        return None
    margins = [left.net(arm) or 1.0 for arm in arms]
    weights = shares(beliefs.draws(EVERYBODY, standard_draws(len(arms))) * margins)
    return Shares(
        dict(zip(keys, weights, strict=True)),
        {"waves": list(own), "remembered": len(waves) - len(own), "people": float(beliefs.people[0])},
    )


def memory_of(use: str) -> Memory:
    """Return the waves that are remembered of a use."""
    stored = Posterior.objects.filter(subject=subject_of(use), key=WAVES).first()
    return Memory.from_json(stored.parameters["waves"]) if stored else Memory()


def _learn(use: str, champion: str, waves: list[Wave], now: datetime) -> TuningDecision | None:
    with transaction.atomic():
        stored, _created = Posterior.objects.select_for_update().get_or_create(
            subject=subject_of(use), key=WAVES, defaults={"parameters": {"waves": []}, "updated_at": now}
        )
        memory = Memory.from_json(stored.parameters["waves"]).updated(waves)
        size, small = people_of(memory), is_small(memory)
        candidates = candidates_of(use)
        arms = arms_of(memory, champion, candidates)
        if small:
            learned, core = _small(stored, memory, champion, arms)
        else:
            learned, core = _large(memory, champion, arms), None
        stored.parameters = {
            "waves": memory.as_json(), "small": core.as_json() if core else None, "champion": champion
        }  # fmt: skip
        stored.updated_at = now
        stored.save(update_fields=["parameters", "updated_at"])
        if learned is None or not (memory.waves or candidates):
            return None
        return _propose(use, champion, learned, memory, small=small, size=size, now=now)


def people_of(memory: Memory) -> float:
    """Return the people of a campaign: the largest wave remembered, or sending of late. One query."""
    sizes = Run.objects.filter(source="campaign").order_by("-created_at").values_list("audience", flat=True)
    return max([*(_people(wave) for wave in memory.waves), *map(float, sizes[:5])], default=0.0)


def is_small(memory: Memory) -> bool:
    """Say whether campaigns are too small to learn by persona."""
    return people_of(memory) < SMALL_SHOP


def arms_of(memory: Memory, champion: str, candidates: Sequence[str]) -> tuple[str, ...]:
    """Return the strategies that are live: the champion, candidates, and those tried most lately.

    Only what has a version that serves; at most six.
    """
    serve = {version.strategy.key for version in serving_versions()} | {champion}
    tried = [arm for wave in reversed(memory.waves) for arms in wave.cells.values() for arm in arms]
    wanted = dict.fromkeys([champion, *candidates, *tried])
    return tuple([arm for arm in wanted if arm in serve][:MOST_ARMS])


def candidates_of(use: str) -> list[str]:
    """Return the strategies that a person, or the shop's policy, let be tried live."""
    stored = Posterior.objects.filter(subject=f"candidates:{use}", key="").first()
    return list(stored.parameters["live"]) if stored else []


Learned = tuple[dict[str, dict[str, float]], Beliefs]


def _large(memory: Memory, champion: str, arms: tuple[str, ...]) -> Learned | None:
    if len(arms) < 2:
        return None
    whole = Strategies(EVERYBODY, arms, champion).updated(pooled(wave) for wave in memory.waves)
    found = {ANYBODY: whole.weights(EVERYBODY[0])}
    personas = tuple(
        dict.fromkeys(context[0] for wave in memory.waves for context in wave.cells if context[0])
    )
    if personas:
        core = Strategies(personas, arms, champion).updated(memory.waves)
        found |= {persona: core.weights(persona) for persona in personas}
    return found, whole.beliefs


def _small(
    stored: Posterior, memory: Memory, champion: str, arms: tuple[str, ...]
) -> tuple[Learned | None, TwoArms]:
    """Return what is in use and its challenger, the next one when this one has been judged."""
    known = stored.parameters.get("small")
    core = TwoArms(champion, arms)
    # Whoever put another champion in its place began anew.
    if known and known["in_use"] in arms and stored.parameters.get("champion") == champion:
        core = TwoArms(known["in_use"], arms, tuple(known["tried"]))
    core = core.updated(pooled(wave) for wave in memory.waves)
    if core.challenger is None:
        return None, core
    beliefs, over = core.beliefs, _judged(memory)
    arms_seen = {arm for wave in over for cells in wave.cells.values() for arm in cells}
    if all(wave.shown >= SEEN for wave in over) and core.challenger in arms_seen:
        core = core.next_campaign()
    return ({ANYBODY: core.weights()}, beliefs), core


def _judged(memory: Memory) -> list[Wave]:
    """Return the campaign after which a challenger is judged: the last one, or month of triggered messages.

    A month that still goes on, or whose orders still come, keeps nobody waiting: there always is one.
    """
    for waves in reversed(turns(memory.waves).values()):
        if not waves[0].turn or all(wave.shown >= SEEN for wave in waves):
            return waves
    return []


def _propose(
    use: str,
    champion: str,
    learned: Learned,
    memory: Memory,
    *,
    small: bool,
    size: float,
    now: datetime,
) -> TuningDecision:
    by_persona, beliefs = learned
    reference = _reference(memory, (champion, *beliefs.arms))
    standing = Posterior.objects.filter(subject=subject_of(use), key=SHARES).first()
    people = sum(_people(wave) for wave in memory.waves)
    rate = sum(o.orders for w in memory.waves for cells in w.cells.values() for o in cells.values())
    rate = rate / people if people else 0.0
    figures: dict[str, Any] = {
        "waves": [wave.key for wave in memory.waves],
        "people": float(beliefs.people.sum()),
        "rates": dict(zip(beliefs.arms, map(float, beliefs.mean[0]), strict=True)),
        "small": small,
        "campaign_people": size,
    }
    if rate > 0 and rate * (1 + TOLD_LIFT) < 1 and size >= 2:
        figures["campaigns_needed"] = campaigns_needed(rate, TOLD_LIFT, int(size))
    return propose(
        SHARES_KIND.key,
        use,
        evidence=Figures(reference, now, figures, kind="posterior"),
        before=standing.parameters if standing else {"shares": {}, "in_use": champion, "reference": ""},
        after={
            "shares": {
                persona: {arm: round(share, 4) for arm, share in given.items()}
                for persona, given in sorted(by_persona.items())
            },
            "in_use": champion,
            "reference": reference,
        },
        expected=_expected(by_persona[ANYBODY], champion, beliefs),
        now=now,
    )


def _reference(memory: Memory, live: Sequence[str]) -> str:
    """Return the name of the evidence: the same one decides once.

    A wave is looked at again as its window opens, by tenths, and when other strategies are live; a month of
    triggered messages also whenever twice as many went.
    """
    alone = [wave for wave in memory.waves if not wave.turn]
    newest = alone[-1] if alone else Wave("first", {}, 0.0)
    tried = sha256(" ".join(live).encode()).hexdigest()[:8]
    reference = f"{newest.key}:{int(newest.shown * 10)}:{tried}"
    months = [waves for waves in turns(memory.waves).values() if waves[0].turn]
    if not months:
        return reference
    people = sum(_people(wave) for wave in months[-1])
    shown = sum(_people(wave) * wave.shown for wave in months[-1]) / people
    known = sha256(reference.encode()).hexdigest()[:8]
    return f"{months[-1][0].turn}:{int(people).bit_length()}.{int(shown * 10)}:{known}"


def _expected(given: Mapping[str, float], champion: str, beliefs: Beliefs) -> Expected | None:
    """Return how much more people would order under these shares than under the champion alone."""
    if champion not in beliefs.arms or not beliefs.people.any():
        return None
    mean, covariance = beliefs.mean[0], beliefs.covariance[0]
    base = beliefs.arms.index(champion)
    weights = np.array([given.get(arm, 0.0) for arm in beliefs.arms])
    weights[base] -= 1
    error = float(np.sqrt(max(weights @ covariance @ weights, 0.0)))
    if mean[base] <= 0 or error <= 0:
        return None
    return Expected(float(weights @ mean) / float(mean[base]), error / float(mean[base]))


def _people(wave: Wave) -> float:
    return sum(outcome.people for arms in wave.cells.values() for outcome in arms.values())


def _curve(days: int, now: datetime) -> Delay:
    return delay_curve(Metric(measure="conversion", window_days=days), now)[0]
