"""Four figures against the period before, each with an honest word where it cannot be known."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.home.figures import Figures
from core import charts, figures
from core.figures import money_text, number, percent


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure: its change in words with a tone (up, down or flat), its course, and what it says."""

    title: str
    value: str
    change: str
    tone: str
    note: str
    spark: str
    link: str = ""


def kpis(found: Figures) -> list[Kpi]:
    """Return campaign revenue, incremental revenue, repeat rate and unsubscribes."""
    return [_from_campaigns(found), _incremental(found), _repeat(found), _unsubscribes(found)]


def revenue_note(found: Figures) -> str:
    """Say what all of the period's orders make together, and how that changed."""
    now, before = found.current.total, found.before.total
    text = ngettext("%(revenue)s from %(orders)s order", "%(revenue)s from %(orders)s orders", now.orders) % {
        "revenue": money_text(now.revenue, whole=True),
        "orders": number(now.orders),
    }
    change = _relative(now.revenue, before.revenue)[0]
    return f"{text} ({change})" if change else text


def _from_campaigns(found: Figures) -> Kpi:
    now, before = found.current.total, found.before.total
    if now.campaign_revenue:
        note = _("%(share)s of all revenue, put down to the last message before the order") % {
            "share": percent(float(now.campaign_revenue / now.revenue) if now.revenue > 0 else None, 0)
        }
    elif now.sent:
        note = ngettext(
            "No order followed the %(sent)s message of this time yet",
            "No order followed the %(sent)s messages of this time yet",
            now.sent,
        ) % {"sent": number(now.sent)}
    else:
        note = _("No message went out in this time")
    change, tone = _relative(now.campaign_revenue, before.campaign_revenue)
    return Kpi(
        _("Campaign revenue"), money_text(now.campaign_revenue, whole=True), change, tone, note,
        _spark([day.campaign_revenue for day in found.current.days]),
    )  # fmt: skip


def _incremental(found: Figures) -> Kpi:
    impact = found.impact
    title = _("Incremental revenue")
    if impact.incremental is None:
        note = (
            _("Too few people yet to tell what campaigns caused")
            if impact.campaigns
            else _("Known once a campaign of this time leaves some people out, to compare with")
        )
        return Kpi(title, "–", "", "flat", note, "")
    span = impact.incremental
    note = _("Likely between %(low)s and %(high)s, beyond what would have come anyway") % {
        "low": money_text(span.low, whole=True),
        "high": money_text(span.high, whole=True),
    }
    change = ""
    if found.impact_before.incremental is not None:
        change = _("before: %(value)s") % {
            "value": money_text(found.impact_before.incremental.value, whole=True)
        }
    return Kpi(title, money_text(span.value, whole=True), change, "flat", note, "", "admin:loop")


def _repeat(found: Figures) -> Kpi:
    now, before = found.current.total.repeat_share, found.before.total.repeat_share
    note = (
        _("Orders of people who had ordered before")
        if now is not None
        else _("Nobody who is known ordered in this time")
    )
    change, tone = _points(now, before)
    return Kpi(
        _("Repeat rate"), percent(now), change, tone, note,
        _spark([day.repeat_share for day in found.current.days]),
    )  # fmt: skip


def _unsubscribes(found: Figures) -> Kpi:
    total = found.current.total
    now, before = total.unsubscribe_share, found.before.total.unsubscribe_share
    if now is None:
        note = _("No message went out in this time")
    else:
        note = ngettext("%(gone)s of %(sent)s message", "%(gone)s of %(sent)s messages", total.sent) % {
            "gone": number(total.unsubscribed),
            "sent": number(total.sent),
        }
    change, tone = _points(now, before, better=-1, digits=2)
    return Kpi(
        _("Unsubscribes"), percent(now, 2), change, tone, note,
        _spark([day.unsubscribed for day in found.current.days] if total.sent else []),
    )  # fmt: skip


def _relative(now: Decimal, before: Decimal) -> tuple[str, str]:
    if before <= 0:
        return "", "flat"
    change = float(now / before) - 1
    return _signed(percent(abs(change), 0), change), _tone(change)


def _points(now: float | None, before: float | None, *, better: int = 1, digits: int = 1) -> tuple[str, str]:
    if now is None or before is None:
        return "", "flat"
    change = round((now - before) * 100, digits)
    text = _("%(n)s pt") % {"n": number(abs(change), digits)}
    return _signed(text, change), _tone(change * better)


def _signed(text: str, change: float) -> str:
    return f"+{text}" if change > 0 else f"{figures.MINUS}{text}" if change < 0 else text


def _tone(change: float) -> str:
    return "up" if change > 0 else "down" if change < 0 else "flat"


def _spark(values: Sequence[Decimal | float | int | None]) -> str:
    """Draw a course; a day of which nothing can be said goes on as the one before."""
    known: list[float] = []
    for value in values:
        if value is not None:
            known.append(float(value))
        elif known:
            known.append(known[-1])
    return charts.spark(known) if any(known) else ""
