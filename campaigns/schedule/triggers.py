"""Triggered campaigns: what happened to somebody becomes a message that is due after a delay.

What an event sets off is a *firing*, unique by campaign, customer and event, written together with its
message into the campaign's open run of the month: so however often an event is looked at, and by however
many, it fires once. The delay, like every due time, stands in the outbox; whether the customer has
meanwhile done what makes the message needless is asked when it is sent (campaigns.sources).

What happened counts from the campaign's launch on. An event may arrive up to LATE after it occurred, and
whoever looks may have been away for any time: it fires nevertheless, at once if its delay is over, as long as
its message is of use. After that it is left out with that reason, which is how it is seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from dateutil.relativedelta import relativedelta
from django.db import connection, transaction

from campaigns.experiments import services as experiments
from campaigns.models import Campaign
from campaigns.schedule.models import Timing
from campaigns.schedule.preflight import rule_of
from campaigns.schedule.sending import SOURCE, offers_codes
from campaigns.targeting.launching import keep_known
from campaigns.tuning import choosing
from core import clock
from core.arrays import number_array
from core.ids import uuid7
from delivery import dispatch
from delivery import services as delivery
from delivery.models import Run
from events import changes
from events.catalogue import INTEREST
from events.models import PRODUCT_TYPES
from segments.behaviours import narrowing
from segments.query import Query, compose, join
from segments.rules import Behaviour, parse
from segments.selectors import members_query

log = structlog.get_logger(__name__)

#: The name under which triggers take changed customers from events.
CONSUMER = "triggers"
#: How much later than it occurred an event may arrive and still fire; what is older is history that somebody
#: loads. A stay in a segment may be stored so much later than its own moment.
LATE = timedelta(hours=24)
BATCH = 1_000
#: How long somebody who looked at a product is told what becomes of it.
INTEREST_FOR = timedelta(days=30)
#: Changes of products are written by ourselves each minute, so little of them is late.
_LATE_PRODUCTS, _NOTED_PRODUCTS = timedelta(hours=1), timedelta(minutes=5)
#: How often it is written down up to when a segment was looked at.
_NOTED = timedelta(hours=1)

_EVENTS = """
SELECT e.customer_id, e.id AS key, e.occurred_at FROM events_event e
 WHERE e.customer_id = ANY({ids}::bigint[]) AND e.type = {type}
   AND e.occurred_at >= {since} AND e.occurred_at <= {now}{narrowed}
"""
_STAYS = """
SELECT m.customer_id, m.id AS key, m.entered_at AS occurred_at FROM segments_segmentmembership m
 WHERE m.segment_id = {segment} AND m.left_at IS NULL AND m.entered_at > {since}
"""
# Who looked at the product or had it in the cart lately, and did not buy it since (events.catalogue).
_ABOUT_PRODUCTS = """
SELECT i.customer_id, e.id AS key, e.occurred_at
  FROM events_event e
  JOIN LATERAL (
      SELECT v.customer_id FROM events_event v
       WHERE v.product_id = e.product_id AND v.customer_id IS NOT NULL
         AND v.occurred_at >= e.occurred_at - {interest} AND v.occurred_at < e.occurred_at
         AND v.type = ANY({wanting}::text[] || 'purchase'::text)
       GROUP BY v.customer_id
      HAVING max(v.occurred_at) FILTER (WHERE v.type = ANY({wanting}::text[]))
             > coalesce(max(v.occurred_at) FILTER (WHERE v.type = 'purchase'), '-infinity')
  ) i ON true
 WHERE e.type = {type} AND e.customer_id IS NULL AND e.product_id IS NOT NULL
   AND e.occurred_at > {since} AND e.occurred_at <= {now}{narrowed}
"""
# With a pause between two messages, the first of several events fires that is of use, unless another did
# lately. One whose message was overtaken, or came too late, was none.
_FIRE = """
INSERT INTO campaigns_firing (campaign_id, customer_id, key, occurred_at, run_id, batch)
SELECT {once} {campaign}::uuid, h.customer_id, h.key, h.occurred_at, {run}::uuid, {batch}::uuid
  FROM ({happened}) AS h
 WHERE h.customer_id IN ({audience})
   AND NOT EXISTS (
       SELECT FROM campaigns_firing f
        WHERE f.campaign_id = {campaign}::uuid AND f.customer_id = h.customer_id
          AND (f.key = h.key
               OR f.occurred_at > h.occurred_at - make_interval(days => {pause})
                  AND NOT EXISTS (
                      SELECT FROM delivery_message m
                       WHERE m.run_id = f.run_id AND m.source = {source} AND m.customer_id = f.customer_id
                         AND m.skip_reason IN ('overtaken', 'expired')
                         AND m.context->>'firing' = f.key::text)))
 ORDER BY h.customer_id, h.occurred_at < {of_use_since}, h.occurred_at
    ON CONFLICT DO NOTHING
"""
# `aim` is when it should go; late or not, it is of use from then on.
_MESSAGES = """
SELECT f.customer_id,
       member.id IS NOT NULL OR (a.id IS NOT NULL AND a.variant_id IS NULL) AS held_out,
       jsonb_build_object('variant', v.key, 'strategy', v.levers->>'strategy',
                          'since', f.occurred_at, 'firing', f.key)
         || CASE WHEN e.id IS NULL THEN '{}' ELSE jsonb_build_object('product', e.product_id) END AS context,
       GREATEST(f.aim, %s) AS due_at, f.aim + %s AS expires_at, f.nth
  FROM (SELECT customer_id, key, occurred_at, occurred_at + %s AS aim,
               row_number() OVER (PARTITION BY customer_id ORDER BY occurred_at, key) - 1 AS nth
          FROM campaigns_firing WHERE batch = %s) f
  LEFT JOIN events_event e ON %s AND e.id = f.key AND e.occurred_at = f.occurred_at
  LEFT JOIN experiments_assignment a ON a.experiment_id = %s::uuid AND a.customer_id = f.customer_id
  LEFT JOIN experiments_variant v ON v.id = a.variant_id
  LEFT JOIN experiments_holdoutmember member
    ON member.customer_id = f.customer_id AND member.left_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class _Happened:
    """What may set a campaign off: a query of (customer_id, key, occurred_at), by which clock.

    `behind` is how far that clock is behind ours: stays in a segment are told by the shop's moment, which
    in a demo is long ago.
    """

    query: Query
    behind: timedelta = timedelta(0)


def fire_triggers(*, now: datetime, as_of: datetime) -> int:
    """Look at what happened since the last time and return how many messages it set off.

    Customers with new facts come from the queue of events, a thousand at a time, so a quiet shop costs
    nothing; each trigger is four statements for them, about 30 ms. A beat that dies, or a trigger that
    fails, leaves its customers to a later one, which looks as far back as the first of them has waited.
    """
    open_states = [Campaign.State.RUNNING, Campaign.State.PAUSED]
    triggered = Campaign.objects.filter(timing=Timing.TRIGGERED, state__in=open_states)
    by_event = list(triggered.exclude(trigger_event__in=["", *PRODUCT_TYPES]).values_list("pk", flat=True))
    by_segment = list(triggered.filter(trigger_event="").values_list("pk", flat=True))
    by_product = list(triggered.filter(trigger_event__in=PRODUCT_TYPES).values_list("pk", flat=True))
    entered = partial(_entered, as_of=as_of, now=now)
    set_off = sum(_apart(pk, entered, now, as_of) or 0 for pk in by_segment)
    set_off += sum(_apart(pk, partial(_about_products, now=now), now, as_of) or 0 for pk in by_product)
    waited_since: datetime | None = None
    while taken := changes.take(CONSUMER, BATCH, now):
        if waited_since is None:  # of those taken too; who comes later has waited less
            waited_since = min(now, changes.waiting(CONSUMER).since or now)
        ids = sorted(change.customer_id for change in taken)
        did = partial(_did, customer_ids=ids, waited_since=waited_since, now=now)
        fired = [_apart(pk, did, now, as_of) for pk in by_event]
        set_off += sum(count or 0 for count in fired)
        if None not in fired:
            changes.acknowledge(CONSUMER, taken)
    return set_off


def _apart(pk: UUID, happened: Callable[[Campaign], _Happened], now: datetime, as_of: datetime) -> int | None:
    """Fire one campaign in a transaction of its own; None when that failed and is to be tried again.

    A rival waits and then finds what is left to do.
    """
    related = ("segment", "trigger_segment", "experiment")
    try:
        with transaction.atomic():
            rows = Campaign.objects.select_for_update(of=("self",)).select_related(*related)
            campaign = rows.get(pk=pk)
            if campaign.state not in (Campaign.State.RUNNING, Campaign.State.PAUSED):
                return 0
            return _fire(campaign, happened(campaign), now, as_of)
    except delivery.TooManyRuns:
        log.exception("trigger_refused", campaign=str(pk))  # a person ends its runs again and again
        return 0
    except Exception:
        log.exception("trigger_failed", campaign=str(pk))  # the other campaigns' triggers go on
        return None


def _entered(campaign: Campaign, *, as_of: datetime, now: datetime) -> _Happened:
    """Return who entered the segment since it was looked at last; that is noted, once in a while."""
    assert campaign.as_of is not None  # noqa: S101  it runs
    looked_at = campaign.looked_at or campaign.as_of
    if campaign.looked_at is None or as_of - looked_at >= _NOTED:
        Campaign.objects.filter(pk=campaign.pk).update(looked_at=as_of)
    since = max(campaign.as_of, looked_at - LATE)
    query = compose(_STAYS, segment=str(campaign.trigger_segment_id), since=since)
    return _Happened(query, now - as_of)


def _about_products(campaign: Campaign, *, now: datetime) -> _Happened:
    """Return those whom it concerns that something became of a product since it was looked at last."""
    assert campaign.launched_at is not None  # noqa: S101  it runs
    looked_at = campaign.looked_at or campaign.launched_at
    if campaign.looked_at is None or now - looked_at >= _NOTED_PRODUCTS:
        Campaign.objects.filter(pk=campaign.pk).update(looked_at=now)
    behaviour = parse(rule_of(campaign))
    assert isinstance(behaviour, Behaviour)  # noqa: S101  a rule with an event
    narrowed = [Query("", []), *narrowing(behaviour)]
    query = about_products(
        campaign.trigger_event,
        join(" AND ", narrowed),
        since=max(campaign.launched_at, looked_at - _LATE_PRODUCTS),
        until=now,
    )
    return _Happened(query)


def about_products(kind: str, narrowed: Query, *, since: datetime, until: datetime) -> Query:
    """Return `SELECT customer_id, key, occurred_at` of those whom a change of a product concerns.

    `narrowed` is a condition on the event `e`, beginning with AND, or empty.
    """
    return compose(
        _ABOUT_PRODUCTS,
        interest=INTEREST_FOR,
        wanting=[str(each) for each in INTEREST],
        type=kind,
        since=since,
        now=until,
        narrowed=narrowed,
    )


def _did(
    campaign: Campaign, *, customer_ids: Sequence[int], waited_since: datetime, now: datetime
) -> _Happened:
    """Return the events of these customers that are the trigger."""
    behaviour = parse(rule_of(campaign))
    assert isinstance(behaviour, Behaviour)  # noqa: S101  a rule with an event
    assert campaign.launched_at is not None  # noqa: S101  it runs
    narrowed = [Query("", []), *narrowing(behaviour)]  # begins with AND, if there is any
    query = compose(
        _EVENTS,
        ids=number_array(customer_ids),
        type=campaign.trigger_event,
        since=max(campaign.launched_at, waited_since - LATE),
        now=now,
        narrowed=join(" AND ", narrowed),
    )
    return _Happened(query)


def _fire(campaign: Campaign, happened: _Happened, now: datetime, as_of: datetime) -> int:
    run = _month_run(campaign, now)
    batch = uuid7()
    of_use = timedelta(hours=campaign.of_use_hours)
    until_aim = happened.behind + timedelta(minutes=campaign.delay_minutes)
    statement = compose(
        _FIRE,
        once=Query("DISTINCT ON (h.customer_id)" if campaign.again_after_days else "", []),
        campaign=str(campaign.pk),
        run=str(run.pk),
        batch=str(batch),
        source=SOURCE,
        happened=happened.query,
        audience=members_query(campaign.segment, as_of=as_of),
        pause=campaign.again_after_days,
        of_use_since=now - of_use - until_aim,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        if not cursor.rowcount:
            return 0
    fired = ("SELECT DISTINCT customer_id FROM campaigns_firing WHERE batch = %s", [batch])
    if (group := experiments.current()) is not None:
        experiments.fill(group, now=now, among=fired)
    if campaign.experiment is not None:
        experiments.assign(campaign.experiment, query=fired, now=now)
        experiments.start(campaign.experiment, as_of)
        if offers_codes(campaign):
            keep_known(campaign.experiment, fired, now=now)
    about_products = campaign.trigger_event in PRODUCT_TYPES
    values: list[Any] = [now, of_use, until_aim, batch, about_products, campaign.experiment_id]
    messages: tuple[str, Sequence[Any]] = (_MESSAGES, values)
    if choice := choosing.choice_for(campaign, now=now):
        # A draw of its own each time: who had one strategy's list is not bound to it by later shares.
        salt = f"{campaign.pk}:{batch}"
        messages = choosing.drawn(messages, choice, salt=salt, more=("expires_at", "nth"))
    added = delivery.join(run, messages, now=now)
    dispatch.wake(run.pk, workers=1)
    return added


def _month_run(campaign: Campaign, now: datetime) -> Run:
    """Return the run that takes this month's messages; a paused campaign's is paused."""
    month = now.astimezone(clock.shop_zone()).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    paused = campaign.state == Campaign.State.PAUSED
    return delivery.open_run(
        source=SOURCE,
        reference=str(campaign.pk),
        launch=f"{month:%Y-%m}",
        channel=campaign.channel,
        topic=campaign.topic,
        until=month + relativedelta(months=1),
        now=now,
        per_hour=campaign.per_hour,
        priority=campaign.priority,
        holidays=campaign.holidays,
        state=Run.State.PAUSED if paused else Run.State.RUNNING,
    )
