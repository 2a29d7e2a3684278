"""Classes of customers: what they are today, and what tells best who will be what."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.page import Page
from console.people import tree
from console.people.work import may_work
from console.segments.links import builder_with
from profiles import selectors
from profiles.models import Study
from profiles.scores.reasons import NAMES, value_text

CLASS_NAMES = {
    "high_value": gettext_lazy("high value"),
    "potential": gettext_lazy("potential"),
    "at_risk": gettext_lazy("at risk"),
    "lost": gettext_lazy("lost"),
}
MEANINGS = {
    "high_value": gettext_lazy("Bought lately (recency 4 or 5); frequency and money 4 on average, or more."),
    "potential": gettext_lazy("Everybody else: recency 3, or lately but not yet often or much."),
    "at_risk": gettext_lazy("Long away (recency 1 or 2); frequency and money 3 on average, or more."),
    "lost": gettext_lazy("Long away (recency 1 or 2); frequency and money below 3 on average."),
}
WAYS = {
    "rules": gettext_lazy("Rules of RFM: everybody stays"),
    "tree": gettext_lazy("Decision tree"),
    "forest": gettext_lazy("Random forest"),
}
_BEST, _MIDDLE = 4, 3
_SCORES = range(1, 6)
_SHOWN = 10
#: The features of the tree that are a field of the profile, or orders and money in a window.
_FIELDS = {
    name: f"profile.{name}"
    for name in (
        "recency_days", "gap_days", "basket_value", "basket_items", "discount_share", "weekend_share",
    )
}  # fmt: skip
#: Features that count whole things.
_WHOLE = ("weeks_84d", "offers_open")
_COUNTS = ("s_28d", "s_84d", "s_182d")
_WINDOWS = {
    "orders_28d": ("orders", 28),
    "orders_84d": ("orders", 84),
    "amount_28d": ("amount", 28),
    "amount_84d": ("amount", 84),
}


@dataclass(frozen=True, slots=True)
class Group:
    """One class as it stands today."""

    name: str
    label: Any
    meaning: Any
    people: int
    share: float
    url: str


@dataclass(frozen=True, slots=True)
class Path:
    """One rule of the tree in words."""

    conditions: list[str]
    label: str
    people: int
    share: float
    purity: float
    url: str


class Classes(Page):
    """Today's classes, three ways to tell tomorrow's, the tree with its rules."""

    permission_required = ("profiles.view_study",)
    template_name = "console/people/classes.html"
    title = gettext_lazy("Classes")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the last study found, or what is missing for one. Four queries."""
        study = selectors.latest(Study.Kind.CLASSES)
        context: dict[str, Any] = {
            "study": study,
            "missing": study.content.get("missing", "") if study and not study.known else "",
            "bought": selectors.buyers(),
            **may_work(self.request, "study"),
        }
        if study and study.known:
            context |= _told(study.content)
        return super().get_context_data(**context, **kwargs)


def _told(found: Mapping[str, Any]) -> dict[str, Any]:
    ways = {way["name"]: way for way in found["ways"]}
    picture = tree.draw(found["tree"])
    return {
        "found": found,
        "groups": _groups(found),
        "ways": [(WAYS[name], way) for name, way in ways.items()],
        "surer": [WAYS[name] for name, way in ways.items() if way["difference"] and way["difference"][1] > 0],
        "picture": picture,
        "boxes": [(box, _question(box)) for box in picture.boxes],
        "paths": [_path(rule) for rule in found["rules"]],
        "importance": [
            (NAMES.get(name, name), weight, weight / (found["importance"][0][1] or 1))
            for name, weight in found["importance"][:_SHOWN]
        ],
    }


def _question(box: tree.Box) -> str:
    return _condition(box.feature, "<=", box.threshold or 0.0) if box.feature else ""


def _condition(feature: str, sign: str, value: float) -> str:
    mark = {"<=": "≤", ">": ">"}[sign]
    if feature in _WHOLE or feature.endswith(_COUNTS):
        value = int(value)  # of whole things, more than 2.5 is more than 2
    return f"{NAMES.get(feature, feature)} {mark} {value_text(feature, value)}"


def _path(rule: Mapping[str, Any]) -> Path:
    clauses = [_clause(feature, sign, value) for feature, sign, value in rule["conditions"]]
    whole = [clause for clause in clauses if clause is not None]
    label = str(CLASS_NAMES[rule["label"]])
    name = _("Will be: %(label)s") % {"label": label}
    return Path(
        conditions=[_condition(*condition) for condition in rule["conditions"]],
        label=rule["label"],
        people=rule["customers"],
        share=rule["share"],
        purity=rule["purity"],
        url=builder_with({"all": whole}, name) if whole and len(whole) == len(clauses) else "",
    )


def _clause(feature: str, sign: str, value: float) -> dict[str, Any] | None:
    """Return a condition of the tree as one of a segment; None where segments have no such figure."""
    op, limit = ("lte" if sign == "<=" else "gt"), round(value, 4)
    if feature in _FIELDS:
        return {"field": _FIELDS[feature], "op": op, "value": limit}
    if feature in _WINDOWS:
        measure, days = _WINDOWS[feature]
        if measure == "orders":  # whole ones: more than 2.5 is 3 and more
            op, limit = ("lte", int(value)) if sign == "<=" else ("gte", int(value) + 1)
        return {"event": "purchase", "within_days": days, measure: {op: limit}}
    return None


def _groups(found: Mapping[str, Any]) -> list[Group]:
    counts = {name: found["now"].get(name, 0) for name in CLASS_NAMES}
    whole = sum(counts.values()) or 1
    rules = class_rules(found.get("bounds") or {})
    return [
        Group(
            name,
            label,
            MEANINGS[name],
            counts[name],
            counts[name] / whole,
            builder_with(rules[name], str(label)[:1].upper() + str(label)[1:]) if name in rules else "",
        )
        for name, label in CLASS_NAMES.items()
    ]


def class_rules(bounds: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """Return each class as a rule over days, orders and money, by the figures at which scores begin today.

    Frequency and money count together (their mean), so the rule lists the pairs that suffice.
    """
    if not all(bounds.get(score) for score in ("r", "f", "m")):
        return {}
    lately = _days(bounds["r"], _BEST)
    away = _days(bounds["r"], _MIDDLE)
    bought = {"field": "profile.recency_days", "op": "lte", "value": 365}
    best = _together(bounds, 2 * _BEST)
    good = _together(bounds, 2 * _MIDDLE)
    within = {"field": "profile.recency_days", "op": "lte", "value": lately}
    beyond = {"field": "profile.recency_days", "op": "gt", "value": away}
    near = {"field": "profile.recency_days", "op": "lte", "value": away}
    return {
        "high_value": {"all": [within, best]},
        "potential": {"all": [near, {"not": {"all": [within, best]}}]},
        "at_risk": {"all": [bought, beyond, good]},
        "lost": {"all": [bought, beyond, {"not": good}]},
    }


def _days(bounds: Mapping[str, float], score: int) -> float:
    """Return the most days since the last order that still have a score, or a better one.

    Rounded up by a minute and a half at most: who stands on the limit belongs to the better side.
    """
    reached = [days for number, days in bounds.items() if int(number) >= score]
    return math.ceil(max(reached, default=0.0) * 1000) / 1000


def _together(bounds: Mapping[str, Mapping[str, float]], least: int) -> dict[str, Any]:
    """Return the rule that frequency and money add up to `least` or more: any of the pairs that do."""
    pairs: list[dict[str, Any]] = []
    for frequency in _SCORES:
        money = max(least - frequency, 1)
        orders, amount = _from(bounds["f"], frequency), _from(bounds["m"], money)
        if money > max(_SCORES) or orders is None or amount is None:
            continue
        pairs.append(
            {
                "all": [
                    {"event": "purchase", "within_days": 84, "orders": {"gte": int(orders)}},
                    {
                        "event": "purchase",
                        "within_days": 84,
                        "amount": {"gte": math.floor(amount * 100) / 100},
                    },
                ]
            }
        )
    return {"any": pairs or [_nobody()]}


def _from(bounds: Mapping[str, float], score: int) -> float | None:
    """Return the least figure that has a score or a better one."""
    return min((figure for number, figure in bounds.items() if int(number) >= score), default=None)


def _nobody() -> dict[str, Any]:
    return {"field": "profile.recency_days", "op": "lt", "value": 0}
