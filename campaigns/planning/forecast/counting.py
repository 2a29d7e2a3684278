"""Who of an audience drops out by which rule, and where the others live: one statement."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection
from django.db.models import Q

from campaigns import audience
from campaigns.models import Campaign
from campaigns.reach import Reach, people
from delivery.models import Run
from delivery.rules.models import FrequencyCap

# Who had enough: of a statement that begins with `decided` (campaigns.reach).
_ENOUGH = """
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
"""
_COUNTS = """
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
_REASONS = """
SELECT d.id AS customer_id,
       CASE WHEN d.no_address THEN 'no_address' WHEN d.suppressed THEN 'suppressed'
            WHEN d.consent <> '' THEN d.consent
            WHEN r.capped THEN 'capped' WHEN r.less_often THEN 'less_often'
            WHEN h.customer_id IS NOT NULL THEN 'in_holdout' ELSE '' END AS reason
  FROM decided d
  LEFT JOIN refused r ON r.id = d.id
  LEFT JOIN (SELECT DISTINCT customer_id FROM experiments_holdoutmember WHERE left_at IS NULL) h
    ON h.customer_id = d.id
"""


def counted(
    campaign: Campaign, *, now: datetime, due: datetime, as_of: datetime
) -> tuple[Reach, list[tuple[str, str, int]], int]:
    """Return the audience by reason, where the rest lives, and how many of it the shop never writes to.

    One statement over the audience.
    """
    begin, values = _decided(campaign, audience.members(campaign, as_of=as_of), now=now, due=due)
    with connection.cursor() as cursor:
        cursor.execute(begin + _COUNTS, values)
        *texts, in_holdout = cursor.fetchone()
    counts, refused, places = map(orjson.loads, texts)
    total, without, suppressed, no_consent, not_confirmed = counts
    reach = Reach(total, without, suppressed, no_consent, 0, not_confirmed, *refused)
    return reach, [(zone, country, n) for zone, country, n in places], in_holdout


def reasons(campaign: Campaign, members: audience.Query, *, now: datetime) -> audience.Query:
    """Return `SELECT customer_id, reason` of an audience: the first rule against each, empty for none.

    In the order of `Forecast.leaving`, without what depends on the hour. Two or three small queries; the
    statement is the caller's to run.
    """
    begin, values = _decided(campaign, members, now=now, due=now)
    return begin + _REASONS, values


def _decided(campaign: Campaign, members: audience.Query, *, now: datetime, due: datetime) -> audience.Query:
    """Return the beginning of a statement: `decided` of an audience, `eligible` and who had enough."""
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
    return begin + _ENOUGH.format(full=full), [*values, *given, runs if given else [], longest, due]


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
