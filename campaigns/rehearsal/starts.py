"""What would have set off a triggered campaign in a week of the past."""

from collections.abc import Collection
from datetime import datetime, timedelta

import polars as pl

from campaigns.models import Campaign
from campaigns.rehearsal.bought import Bought, bought_after_each
from campaigns.schedule.preflight import rule_of
from campaigns.schedule.triggers import about_products
from core.copy import copy_to_frame
from events.models import PRODUCT_TYPES
from segments.behaviours import narrowing
from segments.query import Query, compose, join
from segments.rules import Behaviour, parse

WEEK = timedelta(days=7)
_SCHEMA = {"customer_id": pl.Int64, "at": pl.Float64}
_HAPPENED = """
SELECT e.customer_id, extract(epoch FROM e.occurred_at)::float8 AS at FROM events_event e
 WHERE e.customer_id IS NOT NULL AND e.type = {type}
   AND e.occurred_at >= {since} AND e.occurred_at < {until}{narrowed}
 ORDER BY 1, 2
"""
_CONCERNED = """
SELECT h.customer_id, extract(epoch FROM h.occurred_at)::float8 AS at FROM ({about}) h ORDER BY 1, 2
"""


def set_off(campaign: Campaign, *, since: datetime, until: datetime) -> pl.DataFrame:
    """Return whom something set the campaign off for, and when: customer_id, at. One statement or two.

    Who did meanwhile what makes it needless is left out, and so is what followed too soon upon another.
    """
    behaviour = parse(rule_of(campaign))
    assert isinstance(behaviour, Behaviour)  # noqa: S101  a rule with an event
    narrowed = join(" AND ", [Query("", []), *narrowing(behaviour)])
    if campaign.trigger_event in PRODUCT_TYPES:
        about = about_products(campaign.trigger_event, narrowed, since=since, until=until)
        query = compose(_CONCERNED, about=about)
    else:
        query = _happened(campaign.trigger_event, since, until, narrowed)
    found = copy_to_frame(query.sql, query.params, schema=_SCHEMA)
    if campaign.unless_event and campaign.delay_minutes and found.height:
        undone = _happened(campaign.unless_event, since, until, Query("", []))
        did = copy_to_frame(undone.sql, undone.params, schema=_SCHEMA)
        found = _without_needless(found, did, 60.0 * campaign.delay_minutes)
    return spaced(found, timedelta(days=campaign.again_after_days))


def at_once(customer_ids: Collection[int], at: datetime) -> pl.DataFrame:
    """Return the same of people who entered a segment: in the course of the week, counted at its end."""
    ids = sorted(customer_ids)
    return pl.DataFrame({"customer_id": ids, "at": [at.timestamp()] * len(ids)}, schema=_SCHEMA)


def spaced(found: pl.DataFrame, pause: timedelta) -> pl.DataFrame:
    """Keep of each person's starts those that lie a pause after the last one kept."""
    rows = found.sort("customer_id", "at").unique(keep="first", maintain_order=True)
    if not pause or rows.is_empty():
        return rows
    kept, last = [], (-1, 0.0)
    for customer, at in rows.iter_rows():
        if customer != last[0] or at - last[1] >= pause.total_seconds():
            kept.append((customer, at))
            last = (customer, at)
    return pl.DataFrame(kept, schema=_SCHEMA, orient="row")


def bought_after(going: pl.DataFrame, orders: pl.DataFrame, *, window: timedelta) -> Bought:
    """Return what people bought after their first start."""
    first = going.group_by("customer_id").agg(since=pl.col("at").min()).sort("customer_id")
    return bought_after_each(first, orders, window=window)


def _happened(kind: str, since: datetime, until: datetime, narrowed: Query) -> Query:
    return compose(_HAPPENED, type=kind, since=since, until=until, narrowed=narrowed)


def _without_needless(found: pl.DataFrame, did: pl.DataFrame, delay: float) -> pl.DataFrame:
    """Leave out starts after which the person did the other thing before the delay was over."""
    later = did.rename({"at": "did_at"}).sort("did_at")
    met = found.sort("at").join_asof(
        later, left_on="at", right_on="did_at", by="customer_id", strategy="forward",
        allow_exact_matches=False, check_sortedness=False,
    )  # fmt: skip
    needless = pl.col("did_at").is_not_null() & (pl.col("did_at") - pl.col("at") <= delay)
    return met.filter(~needless).select("customer_id", "at").sort("customer_id", "at")
