"""What the page of a live test shows, from its looks."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from campaigns.experiments.live.judging import explore
from campaigns.experiments.live.standing import Standing, standing
from campaigns.experiments.models import Experiment, Snapshot
from campaigns.experiments.statistics.noninferiority import Guard
from console.learn import experiment_charts as drawn
from console.learn.copy_words import words_of
from console.learn.experiment_levers import in_words, names_of
from console.learn.experiment_words import (
    REASONS,
    decision_words,
    difference,
    figure,
    guard_rows,
    measure_name,
    smallest_seen,
    verdict_of_live,
)
from core import charts
from core.figures import number, percent, signed

#: The looks that a picture over time is drawn from.
_LOOKS = 60


def live_context(experiment: Experiment, request: HttpRequest, now: Any) -> dict[str, Any]:
    """Return everything that the page of a live test shows. Eleven queries, whatever its size."""
    looks = list(experiment.snapshots.filter(series=experiment.series).order_by("-look")[:_LOOKS])[::-1]
    variants = list(experiment.variants.order_by("id"))
    names = {variant.key: variant.name for variant in variants}
    started = experiment.state not in (Experiment.State.DRAFT, Experiment.State.ARCHIVED)
    where = standing(experiment, now=now) if started else None
    open_ = experiment.state in (Experiment.State.RUNNING, Experiment.State.PAUSED)
    called = names_of(variants)
    context: dict[str, Any] = {
        "levers": [(variant, in_words(variant.levers, called)) for variant in variants],
        "standing": where,
        "words": words_of(variants),
        "measure": measure_name(experiment.metric),
        "waves": (waves := _waves(experiment, names)),
        "traffic": _traffic(experiment, waves, names),
        "may_run": request.user.has_perm("experiments.run_experiment"),
        "open": open_,
        "earlier_series": experiment.series - 1,
        "decision": decision_words(experiment.decision, names) if experiment.decision else "",
        "overruled": bool(experiment.decision and not experiment.decision["supported"]),
    }
    if looks:
        context |= _of_look(looks, where)
    return context


def _of_look(looks: list[Snapshot], where: Standing | None) -> dict[str, Any]:
    look = looks[-1]
    results = look.results
    measure = results["measure"]
    pair = next((c for c in results["comparisons"] if c["treatment"] == results["lead"]), None)
    control = pair["control"] if pair else ""
    found = explore(look.statistics, control, pair["treatment"]) if pair else []
    return {
        "verdict": verdict_of_live(results),
        "smallest": smallest_seen(results, look.statistics["design"]["alpha"]),
        "rows": [_row(variant, results) for variant in [*results["variants"], *_held(results)]],
        "share": "conversions" in results["variants"][0]
        and results["variants"][0]["conversions"] is not None,
        "health": _health(look, pair, where),
        "guards": guard_rows(pair["guardrails"]) if pair else [],
        "others": [
            _other(entry) for entry in (pair["metrics"] if pair else []) if entry["role"] != "primary"
        ],
        "twins": _twins(pair["primary"], measure) if pair else [],
        "over_time": drawn.over_time(looks, control, pair["treatment"]) if pair else None,
        "forest": drawn.by_comparison(results),
        "segments": drawn.by_segment(found, measure),
        "incremental": results.get("incremental"),
        "multiple": look.statistics["counts"]["multiple"],
    }


def _held(results: dict[str, Any]) -> list[dict[str, Any]]:
    if not results["held_out"]:
        return []
    return [
        results["held_out"] | {"key": "", "name": _("Held out"), "is_control": False, "incremental": None}
    ]


def _row(variant: dict[str, Any], results: dict[str, Any]) -> dict[str, Any]:
    """Return a line of the table of variants."""
    measure = results["measure"]
    pair = next(
        (c for c in results["comparisons"] if c["treatment"] == variant["key"] and c["control"]), None
    )
    primary = pair["primary"] if pair else {}
    lift = primary.get("lift")
    return variant | {
        "figure": figure(measure, variant["rate"]),
        "range": f"{figure(measure, variant['low'])} … {figure(measure, variant['high'])}"
        if variant["low"] is not None
        else "–",
        "lift": "{} ({} … {})".format(*(signed(one, "+.0%") for one in lift[:3])) if lift else "",
        "lift_note": _(REASONS[primary["lift_reason"]]) if "lift_reason" in primary else "",
        "chance": primary.get("chance"),
        "is_winner": results["winner"] == variant["key"],
    }


def _health(look: Snapshot, pair: dict[str, Any] | None, where: Standing | None) -> list[dict[str, str]]:
    """Return the strip of four: split, sample, guardrails, delay."""
    ratio = look.results["sample_ratio"]
    p = ratio["p_value"]
    split = {
        "name": _("Split"),
        "tone": "ok" if ratio["clean"] else "bad",
        "icon": "check_circle" if ratio["clean"] else "dangerous",
        "text": _("as planned") if ratio["clean"] else _("not as planned: do not trust this result"),
        "note": "" if p is None else f"p = {number(p, 3)}",
    }
    met = sum(variant["n"] for variant in look.results["variants"])
    planned = look.statistics["planned_people"]
    sample = {
        "name": _("People"),
        "tone": "",
        "icon": "groups",
        "text": _("%(met)s of %(planned)s") % {"met": number(met), "planned": number(planned)}
        if planned > met
        else number(met),
        "note": _("planned") if planned > met else _("met the test"),
    }
    standings = [guard["status"] for guard in pair["guardrails"]] if pair else []
    harmed, unknown = standings.count(Guard.HARMED.value), standings.count(Guard.UNKNOWN.value)
    guards = {
        "name": _("Guardrails"),
        "tone": "bad" if harmed else "" if unknown or not standings else "ok",
        "icon": "dangerous" if harmed else "help" if unknown or not standings else "check_circle",
        "text": _("%(n)d proven harmed") % {"n": harmed}
        if harmed
        else _("%(n)d not yet known") % {"n": unknown}
        if unknown
        else _("all safe")
        if standings
        else _("none"),
        "note": _("of %(n)d") % {"n": len(standings)} if standings else "",
    }
    closed = where.closed if where else 0
    total = where.met if where else 0
    delay = {
        "name": _("Windows passed"),
        "tone": "ok" if total and closed == total else "",
        "icon": "check_circle" if total and closed == total else "hourglass_top",
        "text": percent(closed / total, 0) if total else "–",
        "note": _("%(days)d days each") % {"days": look.results["window_days"]},
    }
    return [split, sample, guards, delay]


def _other(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a line of the table of what is shown besides."""
    measure = entry["measure"]
    shown: dict[str, Any] = {"name": measure_name(measure)}
    if "reason" in entry:
        return shown | {"reason": _(REASONS[entry["reason"]])}
    p = entry.get("p_adjusted")
    return shown | {
        "control": figure(measure, entry["control"]),
        "treatment": figure(measure, entry["treatment"]),
        "difference": difference(measure, entry["difference"]),
        "low": difference(measure, entry["interval"][0]),
        "high": difference(measure, entry["interval"][1]),
        "p": "" if p is None else number(p, 3),
    }


def _twins(primary: dict[str, Any], measure: str) -> list[tuple[str, str]]:
    """Return how the same comparison looks with huge orders cut off, and with what was known before."""
    rows = []
    if capped := primary.get("capped"):
        rows.append(
            (
                _("With the %(n)d highest values cut off at %(cap)s")
                % {"n": capped["touched"], "cap": figure(measure, capped["cap"])},
                _range(measure, capped),
            )
        )
    if cuped := primary.get("cuped"):
        rows.append(
            (
                _("With what was known before taken out (%(share)s of the noise)")
                % {"share": percent(max(cuped["removed"], 0), 1)},
                _range(measure, cuped),
            )
        )
    return rows


def _range(measure: str, found: dict[str, Any]) -> str:
    low, high = found["interval"]
    return (
        f"{difference(measure, found['difference'])} "
        f"({difference(measure, low)} … {difference(measure, high)})"
    )


def _traffic(
    experiment: Experiment, waves: list[dict[str, Any]], names: dict[str, str]
) -> charts.Chart | None:
    """Return a bandit's shares as a picture."""
    if experiment.method != Experiment.Method.BANDIT:
        return None
    return drawn.traffic([(row["wave"].number, row["weights"]) for row in waves if row["weights"]], names)


def _waves(experiment: Experiment, names: dict[str, str]) -> list[dict[str, Any]]:
    """Return the waves with the share of each arm as it was decided."""
    rows = []
    for wave in experiment.waves.order_by("number"):
        weights = wave.weights or {}
        rows.append(
            {
                "wave": wave,
                "weights": weights,
                "part": (wave.high - wave.low) / 10_000,
                "shares": [(names.get(key, key), share) for key, share in weights.items() if share > 0],
            }
        )
    return rows
