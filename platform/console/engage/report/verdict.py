"""What a campaign caused, in sentences one can read aloud.

"It worked" is said only when the rule allows it: the goal window is over, the split into written to and held
out is sound, enough people ordered, and the likely range of the difference lies above zero. While the window
is open nothing is claimed: looking again and again would find an effect sooner or later by chance.
"""

from dataclasses import replace

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from campaigns.experiments.models import GlobalHoldout
from campaigns.experiments.statistics.proportions import compare_proportions
from campaigns.experiments.statistics.results import NotComputableError
from campaigns.experiments.statistics.sample_ratio import check_sample_ratio
from campaigns.experiments.statistics.verdict import MIN_CONVERSIONS
from campaigns.impact import Effect, incremental
from campaigns.reports.figures import Outcome, added
from campaigns.selectors import Report
from console.learn.experiment import Verdict
from core import charts
from core.figures import money_text, number, percent, signed


def effect(treated: Outcome, held: Outcome, alpha: float = 0.05) -> tuple[Verdict, charts.Range | None]:
    """Say what the campaign caused: the difference in the share who ordered, with its likely range.

    It judges what there is, as at the end of the goal window; `judge` knows whether that has come.
    """
    if not held.people:
        return Verdict(
            "",
            "help",
            _("What it caused cannot be said."),
            _("Nobody was held out, so there is nobody to compare with."),
        ), None
    try:
        difference = compare_proportions(
            held.buyers, held.people, treated.buyers, treated.people, alpha=alpha
        ).difference
    except NotComputableError:
        return Verdict(
            "", "hourglass_empty", _("Too early to say."), _("The groups are still too small to compare.")
        ), None
    low, high = difference.interval.low, difference.interval.high
    detail = _(
        "%(treated)s of those written to ordered, against %(held)s of those held out. "
        "The likely range of the difference is %(low)s to %(high)s percentage points."
    ) % {
        "treated": percent(treated.rate),
        "held": percent(held.rate),
        "low": signed(low * 100, "+.1f"),
        "high": signed(high * 100, "+.1f"),
    }
    span = charts.Range(_("Written to − held out"), low, difference.value, high)
    if low > 0:
        return Verdict("ok", "trending_up", _("More people ordered because of it."), detail), span
    if high < 0:
        return Verdict("bad", "trending_down", _("Fewer people ordered because of it."), detail), span
    return Verdict("", "balance", _("No effect on orders can be seen."), detail), span


def judge(found: Report, *, over: bool, is_replay: bool) -> tuple[Verdict, charts.Range | None]:
    """Return the verdict of a report: two or three sentences. `over` says that the goal window has passed."""
    treated, held = (added(found.outcomes, held_out=side) for side in (False, True))
    if found.kept.counted_at is None:
        return Verdict(
            "",
            "hourglass_empty",
            _("It is being counted."),
            _("This takes some seconds for as many people. Reload the page to see it."),
        ), None
    said, span = effect(treated, held)
    if is_replay:
        sentence = _("It was played on history: nobody was treated, so it caused nothing.")
        return Verdict("", "history", sentence, said.detail), replace(span, tone="muted") if span else None
    if not held.people:
        return said, span
    if not over:
        return _too_early(found, treated, held), replace(span, tone="muted") if span else None
    if span is None:
        return said, None
    if not _split_is_sound(found, treated, held):
        sentence = _("The comparison cannot be trusted.")
        detail = _(
            "%(held)s people were held out, which is not the share that was planned. Something put people "
            "into the wrong group; find out what before you believe any of these figures."
        )
        return Verdict("bad", "warning", sentence, detail % {"held": number(held.people)}), replace(
            span, tone="muted"
        )
    if treated.buyers + held.buyers < MIN_CONVERSIONS:
        detail = _("Only %(n)s people ordered in both groups together; it takes %(least)s to say anything.")
        return Verdict(
            "",
            "hourglass_empty",
            _("Too few orders to say."),
            detail % {"n": number(treated.buyers + held.buyers), "least": MIN_CONVERSIONS},
        ), replace(span, tone="muted")
    return _judged(said, span, treated, held), span


def _judged(said: Verdict, span: charts.Range, treated: Outcome, held: Outcome) -> Verdict:
    people = abs(round(span.middle * treated.people))
    words = {"n": number(people)}
    if said.tone == "ok":
        sentence = _("It worked: about %(n)s more people ordered than would have without it.") % words
    elif said.tone == "bad":
        sentence = _("It did harm: about %(n)s fewer people ordered than would have without it.") % words
    else:
        sentence = _("No clear difference was found.")
    return Verdict(said.tone, said.icon, sentence, f"{said.detail} {_in_money(incremental(treated, held))}")


def _in_money(found: Effect | None) -> str:
    if found is None:
        return ""
    words = {
        name: money_text(amount, whole=True)
        for name, amount in (
            ("value", found.total.value),
            ("low", found.total.low),
            ("high", found.total.high),
        )
    }
    if found.certain and found.difference > 0:
        return _("It brought %(value)s in extra revenue, likely between %(low)s and %(high)s.") % words
    if found.certain:
        return _("It cost %(value)s of revenue, likely between %(low)s and %(high)s.") % words
    return _("In revenue it may have brought anything from %(low)s to %(high)s.") % words


def _too_early(found: Report, treated: Outcome, held: Outcome) -> Verdict:
    until = date_format(localtime(found.window[1]), "DATE_FORMAT") if found.window else ""
    detail = _(
        "So far %(treated)s of those written to ordered, against %(held)s of those held out. Orders count "
        "until %(until)s; only then can it be said whether that is more than chance."
    ) % {"treated": percent(treated.rate), "held": percent(held.rate), "until": until}
    return Verdict("", "hourglass_empty", _("Too early to say whether it works."), detail)


def _split_is_sound(found: Report, treated: Outcome, held: Outcome) -> bool:
    """Say whether as many were held out as planned (χ², alarm below .001).

    A plan of offers holds out as it decides, and a global control group holds out more than the test: there
    the share is not known beforehand.
    """
    experiment = found.campaign.experiment
    share = float(experiment.holdout_share) if experiment else 0.0
    if not share or found.campaign.plan_id or GlobalHoldout.objects.exists():
        return True
    return check_sample_ratio([treated.people, held.people], [1 - share, share]).clean
