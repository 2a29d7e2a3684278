"""What to expect of a launch now, figure by figure, each with what it rests on.

Measured is what history answers: who would have been reached, and what they bought anyway. Modelled is what
past campaigns of the shop say, assumed what nobody has measured yet; what rests on neither stays unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from math import exp, log, sqrt
from typing import Any

from django.db import connection

from campaigns.content.rendering import needs
from campaigns.margins import of_shop
from campaigns.models import Campaign
from campaigns.planning.forecast import code_value, cost_of, forecast
from campaigns.planning.models import Part
from campaigns.planning.parts import parts_of
from campaigns.preflight import mails
from campaigns.rehearsal.asking import is_triggered
from campaigns.rehearsal.bought import Bought
from campaigns.rehearsal.lists import hits, shows_products
from campaigns.rehearsal.playing import Played, members_at, window_of
from campaigns.rehearsal.responses import (
    ANSWERS,
    Effect,
    Waiting,
    effect,
    past_campaigns,
    response,
    waited_for,
)
from campaigns.rehearsal.statistics import (
    RETURNING,
    SHARE_SPREAD,
    Estimate,
    Prior,
    Range,
    amount_estimate,
    amount_of,
    predict,
    share_estimate,
    share_of,
)
from customers.models import Channel


class Mark(StrEnum):
    """What a figure rests on."""

    MEASURED = "measured"
    MODELLED = "modelled"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the launch: people, messages or money. `campaigns` and `of` say what it was learned on."""

    key: str
    unit: str
    mark: Mark
    range: Range | None = None
    #: As a share of those written to, where it is one.
    share: Range | None = None
    campaigns: int = 0
    of: int = 0
    #: Why it is unknown, and the campaign after whose window it will be known.
    why: str = ""
    waits_for: Waiting | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored and answered: six digits, which say the same on any machine."""
        return {
            "key": self.key,
            "unit": self.unit,
            "mark": self.mark.value,
            **_plain(self.range),
            "share": _plain(self.share) if self.share else None,
            "campaigns": self.campaigns,
            "of": self.of,
            "why": self.why,
            "waits_for": {
                "slug": self.waits_for.slug,
                "name": self.waits_for.name,
                "until": self.waits_for.until.isoformat(),
            }
            if self.waits_for
            else None,
        }


def _plain(found: Range | None) -> dict[str, float | None]:
    if found is None:
        return {"value": None, "low": None, "high": None}
    return {name: float(f"{getattr(found, name):.6g}") for name in ("value", "low", "high")}


#: Before any date was seen: anything is possible.
_OPEN = 4.0


def expected(campaign: Campaign, played: Sequence[Played], *, now: datetime, as_of: datetime) -> list[Figure]:
    """Return the figures of a launch at `now`, as of the shop's moment. About twenty-two queries.

    Of a triggered campaign they are those of a week.
    """
    people = people_next(campaign, played, now=now, as_of=as_of)
    figures = [people]
    n = round(people.range.value) if people.range else 0
    anyway, spend = _anyway(played, n)
    figures += anyway
    if not mails(campaign):
        return figures
    if played and shows_products(campaign):
        figures.append(_lists(campaign, played[0], n))
    past = past_campaigns(campaign.channel, as_of=as_of)
    parts = parts_of(campaign)
    for key in ANSWERS.get(Channel(campaign.channel), ()):
        figures.append(_answer(key, response(key, past), n))
    coupon = Part.COUPON in parts and _shows_code(campaign)
    redeemed = _answer("redeemed", response("redeemed", past), n) if coupon else None
    figures += [redeemed] if redeemed else []
    changed = effect(past, spend=spend, parts=parts) if played else None
    waits = waited_for(campaign.channel, as_of=as_of) if played and changed is None else None
    figures += _effects(changed, n, has_history=bool(played), waits=waits)
    sending = cost_of(campaign, n)
    figures.append(_sending(sending))
    if redeemed is not None:
        figures.append(_discount(campaign, redeemed, as_of=as_of))
    figures.append(_margin(figures, changed, n, as_of))
    return figures


def people_next(campaign: Campaign, played: Sequence[Played], *, now: datetime, as_of: datetime) -> Figure:
    """Return how many it would reach: those of today; of a triggered campaign a usual week's."""
    if is_triggered(campaign):
        if not played:
            return Figure("people", "people", Mark.UNKNOWN, why="history")
        counts = [Estimate(*_log_count(p.people)) for p in played]
        found = predict(counts, Prior(sum(e.value for e in counts) / len(counts), _OPEN))
        mean = amount_of(found, 1, 0.0)
        low, high = found.with_noise(1 / max(mean.value, 0.5)).interval()
        amounts = Range(mean.value, exp(low), exp(high))
        return Figure("people", "people", Mark.MEASURED, amounts, of=len(played))
    if mails(campaign):
        n = forecast(campaign, now=now, as_of=as_of).people
    else:
        sql, params = members_at(campaign.segment, as_of)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({sql}) AS audience", params)  # noqa: S608
            n = cursor.fetchone()[0]
    return Figure("people", "people", Mark.MEASURED, Range(n, n, n))


def buyers_share(bought: Sequence[Bought], people: int) -> Range:
    """Return the share of so many people that will buy anyway, by what people like them did before."""
    counts = [share_estimate(b.buyers, b.people).returning() for b in bought if b.people]
    prior = Prior(sum(e.value for e in counts) / len(counts), _OPEN, SHARE_SPREAD)
    return share_of(predict(counts, prior), people, RETURNING)


def revenue_each(bought: Sequence[Bought], people: int) -> Range:
    """Return the revenue of each of so many people, by what people like them spent at other times."""
    found = [(b, e) for b in bought if b.people > 1 and (e := amount_estimate(b.mean, b.se)) is not None]
    if not found:
        return Range(0.0, 0.0, 0.0)
    prior = Prior(sum(e.value for _b, e in found) / len(found), _OPEN)
    # How much people differ, as a share of the mean.
    variation = sum(b.se / b.mean * sqrt(b.people) for b, _e in found) / len(found)
    return amount_of(predict([e.returning() for _b, e in found], prior), people, variation, RETURNING)


def _anyway(played: Sequence[Played], n: int) -> tuple[list[Figure], float]:
    """Return buyers and revenue without the campaign, and the revenue a person."""
    bought = [p.bought for p in played if p.bought.people]
    if not bought:
        why = "history" if not played else "nobody"
        return [
            Figure("buyers_anyway", "people", Mark.UNKNOWN, why=why),
            Figure("revenue_anyway", "money", Mark.UNKNOWN, why=why),
        ], 0.0
    share, each = buyers_share(bought, n), revenue_each(bought, n)
    of = sum(b.people for b in bought)
    return [
        Figure("buyers_anyway", "people", Mark.MEASURED, share.times(n), share, of=of),
        Figure("revenue_anyway", "money", Mark.MEASURED, each.times(n), of=of),
    ], each.value


def _lists(campaign: Campaign, latest: Played, n: int) -> Figure:
    """Return how many would buy something of their list, by the model of the latest date."""
    found = hits(campaign, latest.sample, at=latest.at, until=latest.at + window_of(campaign))
    if found is None:
        return Figure("list_hits", "people", Mark.UNKNOWN, why="model")
    seen = share_estimate(found.hits, found.people)
    share = share_of(predict([seen.returning()], Prior(seen.value, _OPEN, SHARE_SPREAD)), n, RETURNING)
    return Figure("list_hits", "people", Mark.MEASURED, share.times(n), share, of=found.people)


def _answer(key: str, found: Any, n: int) -> Figure:
    share = share_of(found.prediction, n)
    mark = Mark.ASSUMED if found.is_assumed else Mark.MODELLED
    return Figure(key, "people", mark, share.times(n), share, found.campaigns, found.people)


def _effects(changed: Effect | None, n: int, *, has_history: bool, waits: Waiting | None) -> list[Figure]:
    if changed is None:
        why = "history" if not has_history else "open" if waits else "holdouts"
        return [
            Figure("extra_buyers", "people", Mark.UNKNOWN, why=why, waits_for=waits),
            Figure("extra_revenue", "money", Mark.UNKNOWN, why=why, waits_for=waits),
        ]
    seen = partial(Figure, mark=Mark.MODELLED, campaigns=changed.campaigns, of=changed.people)
    buyers, revenue = changed.buyers.times(n), changed.revenue.times(n)
    return [
        seen(key="extra_buyers", unit="people", range=buyers, share=changed.buyers),
        seen(key="extra_revenue", unit="money", range=revenue),
    ]


def _sending(cost: Decimal | None) -> Figure:
    if cost is None:
        return Figure("sending_cost", "money", Mark.UNKNOWN, why="prices")
    return Figure("sending_cost", "money", Mark.MEASURED, Range(*[float(cost)] * 3))


def _discount(campaign: Campaign, redeemed: Figure, *, as_of: datetime) -> Figure:
    each = code_value(campaign.pool.promotion, campaign, as_of=as_of) if campaign.pool else None
    if each is None or redeemed.range is None:
        return Figure("discount_cost", "money", Mark.UNKNOWN, why="plan" if campaign.plan_id else "code")
    found = redeemed.range.times(float(each))
    return Figure(
        "discount_cost", "money", redeemed.mark, found, campaigns=redeemed.campaigns, of=redeemed.of
    )


def _margin(figures: Sequence[Figure], changed: Effect | None, n: int, as_of: datetime) -> Figure:
    """Return the margin that it brings after its costs; unknown where one of its parts is."""
    known = {f.key: f for f in figures}
    if changed is None:
        gain_unknown = known["extra_revenue"]
        return Figure(
            "extra_margin", "money", Mark.UNKNOWN, why=gain_unknown.why, waits_for=gain_unknown.waits_for
        )
    share = of_shop(until=as_of)
    if share is None:
        return Figure("extra_margin", "money", Mark.UNKNOWN, why="costs")
    gain = changed.revenue.times(n * float(share.share))
    costs = [known[key] for key in ("sending_cost", "discount_cost") if key in known]
    if any(c.range is None for c in costs):
        missing = next(c for c in costs if c.range is None)
        return Figure("extra_margin", "money", Mark.UNKNOWN, why=missing.why)
    spans = [gain, *(c.range.times(-1) for c in costs if c.range)]
    value = sum(s.value for s in spans)
    # Parts err on their own: the distances to the ends add up as squares.
    down = sqrt(sum((s.value - min(s.low, s.high)) ** 2 for s in spans))
    up = sqrt(sum((max(s.low, s.high) - s.value) ** 2 for s in spans))
    marks = {c.mark for c in costs}
    mark = Mark.ASSUMED if Mark.ASSUMED in marks else Mark.MODELLED
    return Figure(
        "extra_margin", "money", mark, Range(value, value - down, value + up),
        campaigns=changed.campaigns, of=changed.people,
    )  # fmt: skip


def _shows_code(campaign: Campaign) -> bool:
    return campaign.content is None or needs(campaign.content).coupon


def _log_count(count: int) -> tuple[float, float]:
    return log(count + 0.5), 1 / (count + 0.5)
