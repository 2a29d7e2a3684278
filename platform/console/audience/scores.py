"""A customer's scores as the page tells them: in words, against the usual, with reasons and their proof."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core.figures import money_text, number, percent, signed
from customers.models import Customer
from profiles.models import CustomerScore, ScoreVersion
from profiles.scores.reasons import Said, said
from profiles.scores.selectors import Statement, rank, statements
from profiles.scores.words import meaning

Kind = CustomerScore.Kind
#: Within these bounds a chance is as good as the usual one.
_LESS, _MORE = 0.87, 1.15


@dataclass(frozen=True, slots=True)
class Told:
    """One score as the page tells it. `width`, `low`, `high` and `usual` are parts of a bar from 0 to 1."""

    kind: str
    label: str
    meaning: str
    figure: str
    verdict: str
    against: str
    band: str
    proof: str
    reasons: list[Said]
    width: float | None
    low: float | None
    high: float | None
    usual: float | None
    as_of: datetime
    version: ScoreVersion | None

    @property
    def span(self) -> float:
        """Return the width of the band."""
        return (self.high or 0.0) - (self.low or 0.0)


def told(customer: Customer) -> tuple[list[Told], list[Statement]]:
    """Return what is known, and what is not with what is missing. Four queries.

    Churn says what purchase would say, so purchase is told beside it and not twice.
    """
    found = {one.kind: one for one in statements(customer)}
    note = ""
    if found[Kind.CHURN].score and found[Kind.PURCHASE].score:
        buys = percent(found.pop(Kind.PURCHASE).score.score, 0)  # type: ignore[union-attr]
        note = _("So the chance of an order is %(share)s.") % {"share": buys}
    elif not found[Kind.CHURN].score and not found[Kind.PURCHASE].score:
        del found[Kind.PURCHASE]
    known = [
        _told(one, one.score, note if one.kind == Kind.CHURN else "") for one in found.values() if one.score
    ]
    return known, [one for one in found.values() if one.missing]


def _told(statement: Statement, score: CustomerScore, note: str) -> Told:
    money = statement.kind == Kind.LIFETIME_VALUE
    return Told(
        kind=statement.kind,
        label=str(statement.label),
        meaning=str(meaning(statement.kind)),
        figure=money_text(score.score, whole=True) if money else percent(score.score, 0),
        verdict=_place(*rank(score)) if money else _verdict(score.score),
        against="" if money else _against(statement),
        band=_band(score, money=money),
        proof=_proof(statement.version) if money else note,
        reasons=said(score.reasons),
        width=None if money else score.score,
        low=None if money else _or(score.low, score.score),
        high=None if money else _or(score.high, score.score),
        usual=None if money else statement.usual,
        as_of=score.as_of,
        version=statement.version,
    )


def _or(edge: float | None, middle: float) -> float:
    return middle if edge is None else edge


def _verdict(share: float) -> str:
    if share < 0.1:
        return _("very unlikely")
    if share < 0.35:
        return _("unlikely")
    if share < 0.65:
        return _("could go either way")
    return _("likely") if share < 0.9 else _("very likely")


def _place(above: int, everybody: int) -> str:
    if above * 2 < everybody:
        share = max((above + 1) / everybody, 0.01)
        return _("top %(share)s of customers") % {"share": percent(share, 0)}
    return _("below %(share)s of customers") % {"share": percent(above / everybody, 0)}


def _against(statement: Statement) -> str:
    times, usual = statement.times, statement.usual
    if times is None or usual is None:
        return ""
    figures = {"times": number(times, 1), "usual": percent(usual, 0)}
    if times >= _MORE:
        return _("%(times)s times the usual %(usual)s") % figures
    return (_("below the usual %(usual)s") if times <= _LESS else _("about the usual %(usual)s")) % figures


def _band(score: CustomerScore, *, money: bool) -> str:
    if score.low is None or score.high is None:
        return ""
    if money:
        ends = {"low": money_text(score.low, whole=True), "high": money_text(score.high, whole=True)}
        return _("Nine of ten customers like this one spend %(low)s to %(high)s.") % ends
    low, high = round(score.low * 100), round(score.high * 100)
    if low == high:
        return _("Of 100 people with this score it comes true for %(low)d.") % {"low": low}
    return _("Of 100 people with this score it comes true for %(low)d to %(high)d.") % {
        "low": low,
        "high": high,
    }


def _proof(version: ScoreVersion | None) -> str:
    """Say how the forecast did on days that were held out."""
    check: dict[str, Any] = (version.card.get("check") or {}) if version else {}
    if "error" not in check:
        return _("Not tested on held-out days yet: that takes a longer history.")
    return _(
        "Tested on the last %(days)d days: %(error)s off a customer (repeating the days before:"
        " %(naive)s), %(total)s off in total."
    ) % {
        "days": check["days"],
        "error": money_text(check["error"]),
        "naive": money_text(check["last_period_error"]),
        "total": signed(check["total_error"]),
    }
