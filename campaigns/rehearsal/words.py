"""A rehearsal in words: what its figures are called, what they rest on, and the sentences at its top."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.rehearsal.models import Rehearsal
from core.figures import money_text, number

LABELS = {
    "people": gettext_lazy("Reached"),
    "buyers_anyway": gettext_lazy("Would buy anyway"),
    "revenue_anyway": gettext_lazy("Would spend anyway"),
    "opened": gettext_lazy("Open it"),
    "clicked": gettext_lazy("Click"),
    "unsubscribed": gettext_lazy("Unsubscribe"),
    "redeemed": gettext_lazy("Redeem their code"),
    "extra_buyers": gettext_lazy("Buy because of it"),
    "extra_revenue": gettext_lazy("Revenue because of it"),
    "sending_cost": gettext_lazy("Cost of sending"),
    "discount_cost": gettext_lazy("Cost of discounts"),
    "extra_margin": gettext_lazy("Margin because of it, after costs"),
    "list_hits": gettext_lazy("Would buy from their list"),
}
MARKS = {
    "measured": gettext_lazy("Measured on history"),
    "modelled": gettext_lazy("Modelled"),
    "assumed": gettext_lazy("Assumed"),
    "unknown": gettext_lazy("Not known"),
}
REASONS = {
    "no_address": gettext_lazy("No address"),
    "suppressed": gettext_lazy("Address is suppressed"),
    "no_consent": gettext_lazy("No consent to this channel and topic"),
    "not_confirmed": gettext_lazy("Consent not confirmed, where the market asks for it"),
    "capped": gettext_lazy("Had as many messages as the frequency caps allow"),
    "less_often": gettext_lazy("Asked to hear from you less often"),
    "in_holdout": gettext_lazy("In the global control group"),
}
_WHY = {
    "history": gettext_lazy("There is too little history to play it on."),
    "nobody": gettext_lazy("Nobody was in the audience on the earlier dates."),
    "holdouts": gettext_lazy(
        "No campaign of this channel has held people out yet, so nobody has seen what one causes."
    ),
    "open": gettext_lazy(
        "“%(name)s” has people held out. What it caused will be known when its goal window is over, on"
        " %(until)s."
    ),
    "model": gettext_lazy("No model of the earlier dates is kept. Train the strategy regularly."),
    "prices": gettext_lazy("State what sending costs in the campaign rules."),
    "costs": gettext_lazy("The products' costs are not known."),
    "code": gettext_lazy("What a code costs is not known: none was used so far."),
    "plan": gettext_lazy("The offer plan gives each person another code; its own page says what they cost."),
}


def rests_on(figure: dict[str, Any], *, dates: int) -> str:
    """Return in a sentence what a figure rests on."""
    mark, key = figure["mark"], figure["key"]
    if mark == "unknown":
        return _why(figure)
    if key == "sending_cost":
        return _("The shop's price of sending, times the people.")
    if mark == "measured" and key == "people" and not figure["of"]:
        return _("Counted now.")
    if key == "list_hits" and mark == "measured":
        return _(
            "Lists that the model of the latest date would have made, against what %(n)s people bought."
        ) % {"n": number(figure["of"])}
    if mark == "measured":
        words = ngettext(
            "What people like them did on %(n)d earlier date.",
            "What people like them did on %(n)d earlier dates.",
            dates,
        )
        return words % {"n": dates}
    if mark == "assumed" and key == "extra_margin":
        return _("Partly assumed: nobody has redeemed a code of this channel yet.")
    if mark == "assumed":
        return _("A usual value of shops: no campaign of this channel has been measured yet.")
    words = ngettext(
        "Learned from %(n)s campaign with %(people)s people.",
        "Learned from %(n)s campaigns with %(people)s people.",
        figure["campaigns"],
    )
    return words % {"n": number(figure["campaigns"]), "people": number(figure["of"])}


def sentences(rehearsal: Rehearsal) -> list[str]:
    """Return what came out, in a few sentences: the past first, then a launch now."""
    figures = {f["key"]: f for f in rehearsal.figures["expected"]}
    dates = rehearsal.figures["dates"]
    triggered = bool(rehearsal.inputs.get("triggered"))
    said = [_past(dates, triggered, int(rehearsal.inputs["window_days"]))] if dates else [_no_past(rehearsal)]
    people = figures["people"]
    if people["value"] is not None:
        said.append(_now(figures, triggered))
    return [*said, _effect(figures)]


def _past(dates: Sequence[dict[str, Any]], triggered: bool, days: int) -> str:
    reached = [d["people"] for d in dates]
    shares = [d["buyers"] / d["people"] for d in dates if d["people"]]
    first = date_format(datetime.fromisoformat(dates[-1]["at"]), "YEAR_MONTH_FORMAT")
    words = {"n": len(dates), "people": _span(reached), "since": first, "days": days}
    if triggered:
        text = ngettext(
            "In a week of the past (%(since)s) it would have set off for %(people)s people.",
            "In weeks of the past (%(n)d since %(since)s) it would have set off for %(people)s people.",
            len(dates),
        )
    else:
        text = ngettext(
            "On an earlier date (in %(since)s) it would have reached %(people)s people.",
            "On %(n)d earlier dates since %(since)s it would have reached %(people)s people.",
            len(dates),
        )
    text %= words
    if shares:
        percents = _span([round(100 * share) for share in shares])
        text += " " + _("%(share)s %% of them bought within %(days)d days without it.") % {
            "share": percents,
            "days": days,
        }
    return text


def _no_past(rehearsal: Rehearsal) -> str:
    asked = rehearsal.inputs.get("unanswerable")
    if asked:
        return _(
            "It cannot be played on the past: the audience asks for %(fields)s, which only today's models"
            " know. Rehearse with an audience by what people did."
        ) % {"fields": ", ".join(asked)}
    return _("There is too little history yet: a date needs four weeks before it and its window after it.")


def _now(figures: dict[str, Any], triggered: bool) -> str:
    people = figures["people"]
    words = {"people": number(round(people["value"]))}
    if triggered:
        said = _("A usual week now would have about %(people)s people.") % words
    elif "extra_revenue" not in figures:  # it writes to nobody
        said = _("Switched on now, it concerns about %(people)s people.") % words
    else:
        said = _("Sent now, it reaches about %(people)s people.") % words
    for key, text in (
        ("opened", _("%(range)s open it (%(mark)s)")),
        ("redeemed", _("%(range)s redeem their code (%(mark)s)")),
    ):
        found = figures.get(key)
        if found and found["value"] is not None:
            words = {"range": range_text(found), "mark": str(MARKS[found["mark"]]).lower()}
            said += " " + text % words + "."
    return said


def _effect(figures: dict[str, Any]) -> str:
    gain = figures.get("extra_revenue")
    if gain is None:
        return _("What a change of prices alone causes is measured at the till, not foreseen here.")
    if gain["value"] is None:
        return _("What it would cause is not known. %(why)s") % {"why": _why(gain)}
    return _("Because of it, people would spend %(range)s more (modelled).") % {"range": range_text(gain)}


def _why(figure: dict[str, Any]) -> str:
    """Return why a figure is unknown, and until when where that is known."""
    words = str(_WHY.get(figure["why"], ""))
    if waits := figure.get("waits_for"):
        day = date_format(localtime(datetime.fromisoformat(waits["until"])), "DATE_FORMAT")
        words %= {"name": waits["name"], "until": day}
    return words


def range_text(figure: dict[str, Any]) -> str:
    """Return an interval as one reads it: whole people, or money."""
    low, high = figure["low"], figure["high"]
    if low is None:
        return "–"
    if figure["unit"] == "money":
        return _("%(low)s to %(high)s") % {"low": _money(low), "high": _money(high)}
    return _span([max(0, int(low)) if low >= 0 else int(low), int(high + 0.999999)])


def value_text(figure: dict[str, Any]) -> str:
    """Return a figure as one reads it."""
    if figure["value"] is None:
        return "–"
    return _money(figure["value"]) if figure["unit"] == "money" else number(round(figure["value"]))


def _span(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    if low == high:
        return number(low)
    return _("%(low)s to %(high)s") % {"low": number(low), "high": number(high)}


def _money(value: float) -> str:
    return money_text(value, whole=abs(value) >= 100)
