"""Which new strategies are worth trying: offline figures, corrected by what live arms showed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Any

from campaigns.decisions.frame import read_log
from campaigns.decisions.judging import Judged, judge
from campaigns.decisions.outcomes import margin_share
from campaigns.learning.effects import believe
from campaigns.learning.memory import Memory
from campaigns.learning.small_shop import EVERYBODY
from campaigns.tuning.choosing import ANYBODY, SHARES, subject_of
from campaigns.tuning.kinds import CANDIDATE_KIND
from campaigns.tuning.strategies import candidates_of, is_small, memory_of, pooled
from recommendations.measured import measured
from recommendations.models import Champion, ModelVersion, Posterior, TuningDecision
from recommendations.services.tuning import Expected, Figures, propose
from recommendations.state import serving_versions

#: So many new strategies are live beside the champion, in a small shop and in a large one.
MOST_LIVE_SMALL, MOST_LIVE = 1, 5
#: One that waves leave no more than this makes room for another.
HOPELESS = 0.02
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Relation:
    """What an offline lift is worth live: live = slope x offline, and how sure that is."""

    slope: float = 1.0
    error: float = 1.0
    pairs: int = 0

    def corrected(self, offline: Expected) -> Expected:
        """Return the live lift to be expected of an offline one."""
        spread = (self.error * offline.lift) ** 2 + (self.slope**2 + self.error**2) * offline.se**2
        return Expected(self.slope * offline.lift, sqrt(spread))


def related(pairs: Sequence[tuple[Expected, Expected]]) -> Relation:
    """Learn from arms that have both figures what an offline lift is worth live.

    Bayesian regression through the origin with known errors (Gelman et al., BDA3, section 14.8): before any
    arm was live the slope is 1 with an error of 1, offline figures are taken at their word and hardly
    trusted. An offline lift's own error adds to its live one's.
    """
    precision, total = 1.0, 1.0
    for offline, live in pairs:
        weight = 1 / (live.se**2 + offline.se**2)
        precision += offline.lift**2 * weight
        total += offline.lift * live.lift * weight
    return Relation(total / precision, sqrt(1 / precision), len(pairs))


def learn_candidates(*, now: datetime) -> list[TuningDecision]:
    """Propose to try the strategies that offline figures, as live ones correct them, make look better.

    A candidate was measured beside the champion by the same training, is not live yet, and is expected to
    be better. If the log can judge it, it must not be clearly worse there; if its lists were never shown,
    it cannot be judged offline and goes to a live arm (campaigns.decisions.judging). At most five are live,
    one in a small shop; what waves left no share makes room. The same version of a strategy is proposed
    once. What the log says of each strategy is kept for the page.
    """
    found = []
    versions = measured(serving_versions()).values()
    for use, champion in Champion.objects.values_list("use", "strategy__key"):
        frame = read_log(use, as_of=now, margin_share=margin_share())
        memory = memory_of(use)
        offline = offline_lifts(versions, champion, use.rpartition(":")[2])
        live = live_lifts(memory, champion)
        relation = related([(offline[key], live[key]) for key in sorted(offline.keys() & live.keys())])
        judged = {key: judge(frame, {ANYBODY: {key: 1.0}}) for key in sorted({champion, *offline})}
        _keep(use, relation, judged, now)
        decision = _candidate(use, champion, offline, relation, judged, memory, now)
        if decision is not None:
            found.append(decision)
    return found


def offline_lifts(
    versions: Sequence[ModelVersion] | Any, champion: str, objective: str
) -> dict[str, Expected]:
    """Return by strategy how much better it ranked than the champion in the same training, as shares."""
    found: dict[str, Expected] = {}
    for version in versions:
        key = version.strategy.key
        for line in version.metrics.get("comparisons", ()):
            if line["objective"] != objective or {line["a"], line["b"]} != {key, champion} or key == champion:
                continue
            sign = 1 if line["a"] == key else -1
            base = version.metrics["objectives"][objective]["ndcg10"] - sign * line["difference"]
            low, high = line["interval"]
            if base > 0 and high > low:
                found[key] = Expected(sign * line["difference"] / base, (high - low) / (2 * Z95) / base)
    return found


def live_lifts(memory: Memory, champion: str) -> dict[str, Expected]:
    """Return by strategy how many more people ordered than under the champion, in waves that tried both."""
    arms = tuple(
        dict.fromkeys([champion, *(a for w in memory.waves for cells in w.cells.values() for a in cells)])
    )
    if len(arms) < 2:
        return {}
    beliefs = believe([pooled(wave) for wave in memory.waves], [EVERYBODY], arms)
    mean, covariance = beliefs.mean[0], beliefs.covariance[0]
    found = {}
    for at, key in enumerate(arms[1:], start=1):
        variance = float(covariance[at, at] + covariance[0, 0] - 2 * covariance[at, 0])
        if mean[0] > 0 and variance > 0:
            found[key] = Expected(float(mean[at] / mean[0] - 1), sqrt(variance) / float(mean[0]))
    return found


def clearly_worse(judged: Judged, champion: Judged) -> bool:
    """Say whether the log, where it can tell, puts a strategy below the champion by two standard errors."""
    one, other = judged.estimate, champion.estimate
    if one is None or other is None or not (judged.judgeable and champion.judgeable):
        return False
    return one.snips + 2 * sqrt(one.snips_se**2 + other.snips_se**2) < other.snips


def _candidate(
    use: str,
    champion: str,
    offline: Mapping[str, Expected],
    relation: Relation,
    judged: Mapping[str, Judged],
    memory: Memory,
    now: datetime,
) -> TuningDecision | None:
    live = candidates_of(use)
    kept = [key for key in live if key != champion and not _hopeless(use, key)]
    tried = {arm for wave in memory.waves for cells in wave.cells.values() for arm in cells}
    room = (MOST_LIVE_SMALL if is_small(memory) else MOST_LIVE) - len(kept)
    hopes = {key: relation.corrected(lift) for key, lift in offline.items()}
    numbers = {v.strategy.key: v.strategy.version for v in serving_versions()}
    names = {key: f"{key}.v{numbers[key]} against {champion}" for key in offline}
    declined = set(
        TuningDecision.objects.filter(
            kind=CANDIDATE_KIND.key,
            use=use,
            reference__in=names.values(),
            state__in=[TuningDecision.State.DECLINED, TuningDecision.State.ROLLED_BACK],
        ).values_list("reference", flat=True)
    )
    worth = [
        key
        for key, hope in sorted(hopes.items(), key=lambda pair: -pair[1].lift / pair[1].se)
        if hope.lift > 0
        and key not in tried
        and key not in live
        and names[key] not in declined
        and not clearly_worse(judged[key], judged[champion])
    ]
    if room < 1 or not worth:
        return None
    key = worth[0]
    figures = {
        "candidate": key,
        "offline": {"lift": offline[key].lift, "se": offline[key].se},
        "relation": {"slope": relation.slope, "error": relation.error, "pairs": relation.pairs},
        "judged": _as_json(judged[key]),
    }
    return propose(
        CANDIDATE_KIND.key,
        use,
        evidence=Figures(names[key], now, figures, kind="search"),
        before={"live": live},
        after={"live": [*kept, key]},
        expected=hopes[key],
        now=now,
    )


def _hopeless(use: str, key: str) -> bool:
    stored = Posterior.objects.filter(subject=subject_of(use), key=SHARES).first()
    if stored is None:
        return False
    given = [shares[key] for shares in stored.parameters["shares"].values() if key in shares]
    return bool(given) and max(given) <= HOPELESS


def _as_json(judged: Judged) -> dict[str, Any]:
    one = judged.estimate
    return {
        "judgeable": judged.judgeable,
        "reason": judged.reason,
        **(
            {
                "n": one.n, "effective": one.effective_n, "ips": one.ips, "ips_se": one.ips_se,
                "snips": one.snips, "snips_se": one.snips_se,
            }
            if one
            else {}
        ),
    }  # fmt: skip


def _keep(use: str, relation: Relation, judged: Mapping[str, Judged], now: datetime) -> None:
    """Store what offline figures are worth, and what the log says of each strategy, for the page."""
    Posterior.objects.update_or_create(
        subject=f"offline:{use}",
        key="",
        defaults={
            "parameters": {
                "slope": relation.slope,
                "error": relation.error,
                "pairs": relation.pairs,
                "judged": {key: _as_json(one) for key, one in judged.items()},
            },
            "updated_at": now,
        },
    )
