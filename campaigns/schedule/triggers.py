"""Triggered campaigns: what happened to somebody becomes a message that is due after a delay.

What an event sets off is a *firing*, unique by campaign, customer and event, written together with its
message into the campaign's open run of the month: so however often an event is looked at, and by however
many, it fires once. The delay, like every due time, stands in the outbox; whether the customer has
meanwhile done what makes the message needless is asked when it is sent (campaigns.sources).

An event counts when it occurred after the campaign's launch and no longer than LATE ago: one that arrives
late fires nevertheless, at once if its delay is over.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from dateutil.relativedelta import relativedelta
from django.db import connection, transaction

from campaigns.experiments import services as experiments
from campaigns.models import Campaign
from campaigns.schedule.models import Timing
from campaigns.schedule.preflight import rule_of
from campaigns.schedule.sending import SOURCE, TOPIC
from core import clock
from core.arrays import number_array
from core.ids import uuid7
from customers.models import Channel
from delivery import dispatch
from delivery import services as delivery
from delivery.models import Run
from events import changes
from segments.behaviours import narrowing
from segments.query import Query, compose, join
from segments.rules import Behaviour, parse
from segments.selectors import members_query

log = structlog.get_logger(__name__)

#: The name under which triggers take changed customers from events.
CONSUMER = "triggers"
#: How much later than it occurred an event may arrive and still fire.
LATE = timedelta(hours=24)
BATCH = 1_000

_EVENTS = """
SELECT e.customer_id, e.id AS key, e.occurred_at FROM events_event e
 WHERE e.customer_id = ANY({ids}::bigint[]) AND e.type = {type}
   AND e.occurred_at >= {since} AND e.occurred_at <= {now}{narrowed}
"""
_STAYS = """
SELECT m.customer_id, m.id AS key, m.entered_at AS occurred_at FROM segments_segmentmembership m
 WHERE m.segment_id = {segment} AND m.left_at IS NULL AND m.entered_at > {since}
"""
# With a pause between two messages, the first of several events fires, unless another did lately. One
# whose message was overtaken was none.
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
                         AND m.skip_reason = 'overtaken' AND m.context->>'firing' = f.key::text)))
 ORDER BY h.customer_id, h.occurred_at
    ON CONFLICT DO NOTHING
"""
_MESSAGES = """
SELECT f.customer_id, a.id IS NOT NULL AND a.variant_id IS NULL AS held_out,
       jsonb_build_object('variant', v.key, 'strategy', v.levers->>'strategy',
                          'since', f.occurred_at, 'firing', f.key) AS context,
       f.due_at, f.due_at + make_interval(hours => %s) AS expires_at, f.nth
  FROM (SELECT customer_id, key, occurred_at,
               GREATEST(occurred_at + make_interval(mins => %s), %s) AS due_at,
               row_number() OVER (PARTITION BY customer_id ORDER BY occurred_at, key) - 1 AS nth
          FROM campaigns_firing WHERE batch = %s) f
  LEFT JOIN experiments_assignment a ON a.experiment_id = %s::uuid AND a.customer_id = f.customer_id
  LEFT JOIN experiments_variant v ON v.id = a.variant_id
"""


def fire_triggers(*, now: datetime, as_of: datetime) -> int:
    """Look at what happened since the last time and return how many messages it set off.

    Customers with new facts come from the queue of events, a thousand at a time, so a quiet shop costs
    nothing; each trigger is four statements for them, about 30 ms. A beat that dies leaves its customers
    to the next one.
    """
    open_states = [Campaign.State.RUNNING, Campaign.State.PAUSED]
    triggered = Campaign.objects.filter(timing=Timing.TRIGGERED, state__in=open_states)
    by_event = list(triggered.exclude(trigger_event="").values_list("pk", flat=True))
    by_segment = list(triggered.filter(trigger_event="").values_list("pk", flat=True))
    set_off = sum(_apart(pk, None, now, as_of) for pk in by_segment)
    while taken := changes.take(CONSUMER, BATCH, now):
        ids = sorted(change.customer_id for change in taken)
        set_off += sum(_apart(pk, ids, now, as_of) for pk in by_event)
        changes.acknowledge(CONSUMER, taken)
    return set_off


def _apart(pk: UUID, customer_ids: Sequence[int] | None, now: datetime, as_of: datetime) -> int:
    """Fire one campaign in a transaction of its own. A rival waits and then finds what is left to do."""
    related = ("segment", "trigger_segment", "experiment")
    try:
        with transaction.atomic():
            rows = Campaign.objects.select_for_update(of=("self",)).select_related(*related)
            campaign = rows.get(pk=pk)
            if campaign.state not in (Campaign.State.RUNNING, Campaign.State.PAUSED):
                return 0
            return _fire(campaign, _happened(campaign, customer_ids, now), now, as_of)
    except Exception:
        log.exception("trigger_failed", campaign=str(pk))  # the other campaigns' triggers go on
        return 0


def _happened(campaign: Campaign, customer_ids: Sequence[int] | None, now: datetime) -> Query:
    if customer_ids is None:
        return compose(_STAYS, segment=str(campaign.trigger_segment_id), since=campaign.as_of)
    behaviour = parse(rule_of(campaign))
    assert isinstance(behaviour, Behaviour)  # noqa: S101  a rule with an event
    assert campaign.launched_at is not None  # noqa: S101  it runs
    narrowed = [Query("", []), *narrowing(behaviour)]  # begins with AND, if there is any
    return compose(
        _EVENTS,
        ids=number_array(customer_ids),
        type=campaign.trigger_event,
        since=max(campaign.launched_at, now - LATE),
        now=now,
        narrowed=join(" AND ", narrowed),
    )


def _fire(campaign: Campaign, happened: Query, now: datetime, as_of: datetime) -> int:
    run = _month_run(campaign, now)
    batch = uuid7()
    statement = compose(
        _FIRE,
        once=Query("DISTINCT ON (h.customer_id)" if campaign.again_after_days else "", []),
        campaign=str(campaign.pk),
        run=str(run.pk),
        batch=str(batch),
        source=SOURCE,
        happened=happened,
        audience=members_query(campaign.segment, as_of=as_of),
        pause=campaign.again_after_days,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        if not cursor.rowcount:
            return 0
    if campaign.experiment is not None:
        fired = "SELECT DISTINCT customer_id FROM campaigns_firing WHERE batch = %s"
        experiments.assign(campaign.experiment, query=(fired, [batch]), now=now)
        experiments.start(campaign.experiment, as_of)
    values: list[Any] = [campaign.of_use_hours, campaign.delay_minutes, now, batch, campaign.experiment_id]
    added = delivery.join(run, (_MESSAGES, values))
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
        channel=Channel.EMAIL,
        topic=TOPIC,
        until=month + relativedelta(months=1),
        now=now,
        per_hour=campaign.per_hour,
        priority=campaign.priority,
        state=Run.State.PAUSED if paused else Run.State.RUNNING,
    )
