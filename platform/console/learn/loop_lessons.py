"""What was learned so far, in plain words with its likely range: strategies, hours, values, words."""

from typing import Any

from django.utils.translation import gettext as _

from campaigns.learning.copy_features import CopyBeliefs
from campaigns.learning.copy_reading import BODY, SUBJECT
from campaigns.learning.coupon_values import CouponValues
from campaigns.learning.memory import turns
from campaigns.learning.send_hours import ALL, Hours
from campaigns.schedule import learned
from campaigns.tuning.copy import SUBJECT as COPY
from campaigns.tuning.coupon_values import EVERYBODY
from campaigns.tuning.standing import TARGETING
from campaigns.values import MEMORY, SHARES
from campaigns.values import SUBJECT as VALUES
from console.learn import loop_pictures
from console.learn.copy_words import feature_name
from core.figures import money_text
from profiles.models import Persona
from profiles.personas import display_name
from recommendations.models import Posterior
from recommendations.services.tuning import strategy_name, use_name

JSON = dict[str, Any]


def lessons() -> JSON:
    """Return everything that is known, by kind; what nothing is known of is None. Two to three queries."""
    rows: dict[tuple[str, str], JSON] = {
        (row.subject, row.key): row.parameters for row in Posterior.objects.all()
    }
    names = {str(persona.number): display_name(persona) for persona in Persona.objects.all()}
    return {
        "strategies": _strategies(rows, names),
        "hours": _hours(rows.get((learned.SUBJECT, "")), rows.get((learned.SUBJECT, learned.USE), {}), names),
        "values": _values(rows.get((VALUES, MEMORY)), rows.get((VALUES, SHARES), {})),
        "targeting": _targeting(rows.get((TARGETING.key, ""))),
        "words": _words(rows.get((COPY, ""))),
    }


def _strategies(rows: dict[tuple[str, str], JSON], personas: dict[str, str]) -> list[JSON]:
    """Return by use the shares of the strategies, of everybody first and then by persona."""
    found = []
    for (subject, key), told in sorted(rows.items()):
        if not subject.startswith("strategy:") or key != "shares":
            continue
        groups = [
            {
                "name": personas.get(persona, _("Everybody")),
                "shares": [
                    (strategy_name(one), share)
                    for one, share in sorted(shares.items(), key=lambda pair: -pair[1])[:3]
                ],
            }
            for persona, shares in told.get("shares", {}).items()
        ]
        if groups:
            found.append({"use": use_name(subject), "groups": groups})
    return found


def _hours(told: JSON | None, use: JSON, personas: dict[str, str]) -> JSON | None:
    """Return the best hour of all and of each persona, with the clicks expected then."""
    if told is None:
        return None
    hours = Hours.from_json(told["hours"])
    whole = hours.of()
    sent = hours.groups[ALL].sent.sum() if ALL in hours.groups else 0.0
    acts = hours.groups[ALL].acts.sum() if ALL in hours.groups else 0.0
    if not sent and not acts:
        return None
    rows = []
    for name in sorted(hours.groups, key=lambda one: (one != ALL, one)):
        belief = whole if name == ALL else hours.of(name)
        hour = belief.best()
        rows.append(
            {
                "name": _("Everybody") if name == ALL else personas.get(name, name),
                "hour": f"{hour:02}:00",
                "low": belief.interval(hour)[0],
                "high": belief.interval(hour)[1],
                "rate": float(belief.rate[hour]),
            }
        )
    return {"rows": rows, "used": use.get("use", True), "sent": round(sent), "acts": round(acts)}


def _values(memory: JSON | None, shares: JSON) -> JSON | None:
    """Return each coupon value's margin a person met, and the share with which the next test begins."""
    if memory is None:
        return None
    state = CouponValues.from_json(memory)
    drawn = state.margins(EVERYBODY)
    rows = []
    for place, arm in enumerate(state.arms):
        column = sorted(drawn[:, place].tolist())
        low, high = (column[int(part * (len(column) - 1))] for part in (0.025, 0.975))
        rows.append(
            {
                "name": _("no coupon") if arm == "0" else f"{arm} %",
                "margin": money_text(float(drawn[:, place].mean())),
                "range": f"{money_text(low)} … {money_text(high)}",
                "share": shares.get(arm),
            }
        )
    return {"rows": rows, "tests": len(turns(state.memory.waves)), "agreed": bool(shares)}


def _targeting(told: JSON | None) -> JSON | None:
    """Say whether whom an offer changes is known, and if not, why."""
    if told is None or not told.get("evidence"):
        return None
    evidence = told["evidence"]
    reasons = {
        "few": _("Too few purchases of people left alone are known yet; 100 are needed."),
        "no_gain": _("Choosing by what offers change did no better than chance."),
        "no_better_than_response": _(
            "Choosing by what offers change did no better than the chance of buying."
        ),
        "no_better_than_single": _("A single figure does as well: a segment is enough."),
    }
    return {
        "use": told["use"],
        "reason": reasons.get(evidence["reason"], ""),
        "rows": evidence["rows"],
        "chart": loop_pictures.qini(evidence.get("curve") or ()),
    }


def _words(told: JSON | None) -> JSON | None:
    """Return what features of subjects and of bodies are worth, of which tests tell something."""
    if told is None:
        return None
    beliefs = CopyBeliefs.from_json(told.get("beliefs", {}))
    if not beliefs.told:
        return None
    found = beliefs.effects()
    charts = [
        loop_pictures.words(
            title, [(feature_name(name), beliefs.told[name], found[name]) for name in names]
        )
        for title, features in ((_("What subjects bring, all else equal"), SUBJECT),
                                (_("What bodies bring, all else equal"), BODY))
        if (names := [name for name in features if name in beliefs.told])
    ]  # fmt: skip
    return {"charts": charts, "campaigns": beliefs.campaigns}
