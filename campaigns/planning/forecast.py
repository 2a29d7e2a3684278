"""What would come of a campaign as it is planned: who drops out by which rule, when it arrives, its cost.

The rules are those that delivery applies again at the moment of sending. Frequency caps are counted by what
was sent up to now; what other campaigns send until then is not foreseen.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns import audience
from campaigns.actions.preview_campaign import held_out_share
from campaigns.content.rendering import needs, render_short
from campaigns.content.variables import SAMPLE
from campaigns.coupons.models import Coupon
from campaigns.coupons.selectors import Stock, stock
from campaigns.models import Campaign
from campaigns.planning.models import campaign_rules
from campaigns.preflight import mails
from campaigns.promotions.benefits import parse_benefit
from campaigns.promotions.models import Promotion
from campaigns.reach import Reach, people
from campaigns.schedule.models import Late, Timing
from campaigns.schedule.slots import due_by_zone, first_slot
from core.money import round_money
from customers.models import Channel
from delivery.channels.sms.parts import measure as measure_sms
from delivery.models import Run
from delivery.rules.models import FrequencyCap, OnHolidays
from delivery.rules.selectors import Rules, rules_for
from delivery.schedule.moments import is_holiday, next_allowed, next_working_moment
from delivery.schedule.zones import zone_of

_FORECAST = """
, eligible AS MATERIALIZED (
    SELECT id, time_zone, country FROM decided WHERE NOT no_address AND NOT suppressed AND consent = ''
), had AS (
    SELECT m.customer_id, {full} AS is_full
    FROM delivery_message m JOIN delivery_run r ON r.id = m.run_id
    WHERE m.run_id = ANY(%s::uuid[]) AND m.state = 'sent' AND m.sent_at > %s
    GROUP BY m.customer_id
), wished AS (
    SELECT p.customer_id, CASE p.frequency WHEN 'weekly' THEN 7 ELSE 30 END AS days
    FROM delivery_preference p WHERE p.frequency IN ('weekly', 'monthly')
), refused AS (
    SELECT e.id, coalesce(had.is_full, false) AS capped,
           wished.days IS NOT NULL AND EXISTS (
               SELECT FROM delivery_message m JOIN delivery_run r ON r.id = m.run_id
               WHERE m.customer_id = e.id AND m.state = 'sent' AND NOT r.transactional
                 AND m.sent_at > %s - make_interval(days => wished.days)
           ) AS less_often
    FROM eligible e
    LEFT JOIN had ON had.customer_id = e.id
    LEFT JOIN wished ON wished.customer_id = e.id
    WHERE had.is_full OR wished.days IS NOT NULL
)
SELECT (SELECT jsonb_build_array(count(*),
               count(*) FILTER (WHERE no_address), count(*) FILTER (WHERE suppressed),
               count(*) FILTER (WHERE consent = 'no_consent'),
               count(*) FILTER (WHERE consent = 'not_confirmed')) FROM decided),
       (SELECT jsonb_build_array(count(*) FILTER (WHERE capped),
               count(*) FILTER (WHERE less_often AND NOT capped)) FROM refused),
       (SELECT coalesce(jsonb_agg(jsonb_build_array(time_zone, country, n)), '[]')
          FROM (SELECT time_zone, country, count(*) AS n FROM eligible
                 WHERE id NOT IN (SELECT id FROM refused WHERE capped OR less_often)
                 GROUP BY 1, 2) AS places),
       (SELECT count(*) FROM eligible e
          JOIN experiments_holdoutmember h ON h.customer_id = e.id AND h.left_at IS NULL
         WHERE e.id NOT IN (SELECT id FROM refused WHERE capped OR less_often))
"""
#: The zones that are told apart on the page; the rest is added up.
ZONES = 8


@dataclass(frozen=True, slots=True)
class ZoneLine:
    """When it arrives in a zone. `due` is None where it is left out; `until` is set where it waits."""

    zone: str
    people: int
    due: datetime | None
    local: datetime | None
    until: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would come of a launch now. `people` are about how many would get it."""

    reach: Reach
    people: int
    held_out: int
    in_holdout: int
    waiting: int
    late: int
    on_holiday: int
    stock: Stock | None
    codes_missing: int
    goes_without_code: bool
    zones: list[ZoneLine]
    cost: Decimal | None
    liability: Decimal | None
    code_value: Decimal | None
    codes: int

    @property
    def leaving(self) -> list[tuple[str, str, int]]:
        """Return who of the audience is not written to: key, reason, people; in the order of the rules."""
        reach = self.reach
        rows = [
            ("no_address", _("No address"), reach.no_address),
            ("suppressed", _("Address is suppressed"), reach.suppressed),
            ("no_consent", _("No consent to this channel and topic"), reach.no_consent),
            ("not_confirmed", _("Consent not confirmed, where the market asks for it"), reach.not_confirmed),
            ("capped", _("Had as many messages as the frequency caps allow"), reach.capped),
            ("less_often", _("Asked to hear from you less often"), reach.less_often),
            ("late", _("The hour has passed where they live"), self.late),
            ("holiday", _("Has a public holiday"), self.on_holiday),
            ("in_holdout", _("In the global control group"), self.in_holdout),
            ("held_out", _("Held out, to measure the effect"), self.held_out),
            ("no_code", _("No coupon left in the pool"), 0 if self.goes_without_code else self.codes_missing),
        ]
        return [row for row in rows if row[2]]


def forecast(campaign: Campaign, *, now: datetime, as_of: datetime) -> Forecast:
    """Return what a launch now would come to. About ten queries, 0.5 s for 100,000 people."""
    if not mails(campaign):
        return _nobody()
    when = _Moment(campaign, now)
    reach, places, in_holdout = _counted(campaign, now=now, due=when.due, as_of=as_of)
    lines, waiting, late, on_holiday = _zones(campaign, when, places)
    rest = reach.reachable - reach.capped - reach.less_often - late - on_holiday - in_holdout
    held_out = round(rest * held_out_share(campaign))
    people = rest - held_out
    wants = needs(campaign.content) if campaign.content else None
    shows = wants is not None and wants.coupon
    there = stock(campaign.pool, now=now) if campaign.pool and shows else None
    kept = _given_before(campaign) if there else 0
    missing = max(0, people - kept - there.free) if there and not there.generic else 0
    without = wants is not None and wants.without_code
    getting = people if without else people - missing
    new = max(0, people - kept)
    codes = min(new, there.free) if there and not there.generic else (new if there else 0)
    each = code_value(campaign.pool.promotion, campaign, as_of=as_of) if campaign.pool and shows else None
    return Forecast(
        reach=replace(reach, held_out=held_out),
        people=getting,
        held_out=held_out,
        in_holdout=in_holdout,
        waiting=waiting,
        late=late,
        on_holiday=on_holiday,
        stock=there,
        codes_missing=missing,
        goes_without_code=bool(without),
        zones=lines,
        cost=cost_of(campaign, getting),
        liability=_liability(campaign.pool.promotion, each, codes) if campaign.pool else None,
        code_value=each,
        codes=codes,
    )


def _given_before(campaign: Campaign) -> int:
    """Return how many codes a reminder finds given out already."""
    if campaign.codes_of_id is None:
        return 0
    return Coupon.objects.filter(pool=campaign.pool, assigned_for=campaign.codes_for).count()


def _nobody() -> Forecast:
    return Forecast(Reach.nobody(), 0, 0, 0, 0, 0, 0, None, 0, False, [], None, None, None, 0)


class _Moment:
    """When a campaign would go: at one moment, or at the same hour of each zone."""

    def __init__(self, campaign: Campaign, now: datetime) -> None:
        self.campaign, self.now = campaign, now
        ready = campaign.at_time is not None and (campaign.timing != Timing.AT or campaign.on_day is not None)
        later = campaign.timing in (Timing.AT, Timing.RECURRING)
        self.slot = first_slot(campaign, now=now) if later and ready else None
        self.due = max(now, self.slot.at) if self.slot else now
        self.by_zone = bool(self.slot) and campaign.each_zone

    def at(self, zone: ZoneInfo) -> datetime | None:
        """Return the moment in a zone, None where it is too late."""
        if not self.by_zone or self.slot is None:
            return self.due
        return due_by_zone(self.campaign, self.slot, now=self.now)(zone)

    def note(self, zone: ZoneInfo, due: datetime | None) -> str:
        """Say what is unusual about the moment there: the hour has passed, or the clock changes."""
        at_time = self.campaign.at_time
        if self.slot is None or at_time is None or not self.by_zone:
            return ""
        if due is None:
            return _("the hour has passed: left out")
        local = due.astimezone(zone)
        if local.date() != self.slot.day or due <= self.now:
            return (
                _("the hour has passed: at once")
                if self.campaign.late == Late.AT_ONCE
                else _("the hour has passed: tomorrow")
            )
        wall = local.replace(tzinfo=None)
        if wall.time().replace(second=0, microsecond=0) != at_time.replace(second=0, microsecond=0):
            return _("the clock jumps over this time that night")
        twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        return _("the clock shows this time twice that night: the first one") if twice else ""


def _counted(
    campaign: Campaign, *, now: datetime, due: datetime, as_of: datetime
) -> tuple[Reach, list[tuple[str, str, int]], int]:
    """Return the audience by reason, where the rest lives, and how many of it the shop never writes to.

    One statement over the audience.
    """
    members = audience.members(campaign, as_of=as_of)
    begin, values = people(members, now=now, channel=campaign.channel, topic=campaign.topic)
    caps = FrequencyCap.objects.filter(
        Q(channel="") | Q(channel=campaign.channel), Q(topic="") | Q(topic=campaign.topic), is_active=True
    )
    full, given, longest = _full(caps, due)
    runs = list(
        Run.objects.filter(transactional=False)
        .filter(Q(finished_at=None) | Q(finished_at__gt=longest))
        .values_list("pk", flat=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            begin + _FORECAST.format(full=full), [*values, *given, runs if given else [], longest, due]
        )
        *texts, in_holdout = cursor.fetchone()
    counts, refused, places = map(orjson.loads, texts)
    total, without, suppressed, no_consent, not_confirmed = counts
    reach = Reach(total, without, suppressed, no_consent, 0, not_confirmed, *refused)
    return reach, [(zone, country, n) for zone, country, n in places], in_holdout


def _full(caps: Iterable[FrequencyCap], due: datetime) -> tuple[str, list[Any], datetime]:
    """Return the condition under which somebody had enough, its values, and since when that counts."""
    tests, values, longest = [], [], due
    for cap in caps:
        since = due - timedelta(days=cap.days)
        tests.append(
            "count(*) FILTER (WHERE m.sent_at > %s AND (%s = '' OR m.channel = %s)"
            " AND (%s = '' OR r.topic = %s)) >= %s"
        )
        values += [since, cap.channel, cap.channel, cap.topic, cap.topic, cap.most]
        longest = min(longest, since)
    return " OR ".join(tests) or "false", values, longest


def _zones(
    campaign: Campaign, when: _Moment, places: Sequence[tuple[str, str, int]]
) -> tuple[list[ZoneLine], int, int, int]:
    """Return when it arrives where, and how many wait, come too late, or have a holiday."""
    if campaign.timing == Timing.TRIGGERED:
        return [], 0, 0, 0
    rules = rules_for(campaign.channel, campaign.topic)
    people_of: dict[tuple[str, str], int] = defaultdict(int)
    for time_zone, country, n in places:
        market = country or settings.SHOP_COUNTRY
        people_of[zone_of(time_zone, market).key, market] += n
    found: dict[str, ZoneLine] = {}
    waiting = late = on_holiday = 0
    for (name, market), n in sorted(people_of.items()):
        zone = ZoneInfo(name)
        due = when.at(zone)
        until, holiday = _until(campaign, rules, due, zone, market) if due else (None, False)
        if due is None:
            late += n
        elif holiday:
            on_holiday += n
        elif until is not None:
            waiting += n
        line = ZoneLine(name, n, due, due and due.astimezone(zone), until, when.note(zone, due))
        other = found.get(name)
        found[name] = replace(line, people=n + other.people, until=until or other.until) if other else line
    lines = sorted(found.values(), key=lambda line: -line.people)
    return lines, waiting, late, on_holiday


def _until(
    campaign: Campaign, rules: Rules, due: datetime, zone: ZoneInfo, market: str
) -> tuple[datetime | None, bool]:
    """Return until when those of a place wait, and whether a public holiday leaves them out."""
    holiday = campaign.holidays != OnHolidays.SEND and is_holiday(due.astimezone(zone).date(), market)
    if holiday and campaign.holidays == OnHolidays.LEAVE_OUT:
        return None, True
    working = next_working_moment if campaign.holidays == OnHolidays.WAIT else next_allowed
    until = working(due, rules.windows(market), zone, market)
    return (until.astimezone(zone) if until > due else None), False


def cost_of(campaign: Campaign, people: int) -> Decimal | None:
    """Return what sending would cost by the shop's own prices; None where none is stated."""
    rules = campaign_rules()
    if campaign.channel == Channel.EMAIL:
        return None if rules.email_cost is None else rules.email_cost * people / 1000
    if campaign.channel == Channel.SMS and rules.sms_cost is not None and campaign.content is not None:
        short = render_short(campaign.content, dict(SAMPLE))
        return rules.sms_cost * people * measure_sms(f"{short.text} {short.url}".strip()).parts
    return None


_BASKET = """
SELECT avg(p.basket_value) FROM ({members}) AS audience
JOIN profiles_customerprofile p ON p.customer_id = audience.customer_id
WHERE p.basket_value > 0
"""


def code_value(promotion: Promotion, campaign: Campaign, *, as_of: datetime) -> Decimal | None:
    """Return what a used code would cost: its amount, what uses cost so far, or its share of a usual basket.

    The usual basket is the audience's own average order. None where nothing is known.
    """
    benefit: Any = parse_benefit(promotion.benefit)
    kind = promotion.benefit.get("kind")
    if kind == "amount":
        amount: Decimal = benefit.amount.of(promotion.currency)
        return amount
    if promotion.used:
        return round_money(promotion.spent / promotion.used, promotion.currency)
    if kind != "percent" or promotion.currency != settings.SHOP_CURRENCY:
        return None
    sql, params = audience.members(campaign, as_of=as_of)
    with connection.cursor() as cursor:
        cursor.execute(_BASKET.format(members=sql), params)
        basket = cursor.fetchone()[0]
    if basket is None:
        return None
    return round_money(Decimal(str(basket)) * Decimal(str(benefit.percent)) / 100, promotion.currency)


def _liability(promotion: Promotion, each: Decimal | None, codes: int) -> Decimal | None:
    """Return what it would cost if everybody used their code; a budget bounds it."""
    if each is None:
        return None
    whole = round_money(each * codes, promotion.currency)
    return whole if promotion.budget is None else min(whole, promotion.budget - promotion.spent)
