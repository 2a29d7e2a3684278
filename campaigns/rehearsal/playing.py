"""One earlier date: who would have been written to, why the others not, and what they bought anyway."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
from django.db import connection

from campaigns.audience import Query
from campaigns.models import Campaign
from campaigns.planning.forecast.counting import reasons
from campaigns.preflight import mails
from campaigns.rehearsal import starts
from campaigns.rehearsal.asking import Asked, is_triggered
from campaigns.rehearsal.bought import Bought, bought_by
from campaigns.rehearsal.lists import sampled
from campaigns.rehearsal.past import lacks_consents, shop_as_of
from core.arrays import number_array
from segments.compiler import compile_rule
from segments.models import Segment
from segments.selectors import members_query


@dataclass(frozen=True, slots=True)
class Played:
    """What an earlier date says. `dropped` counts those of the audience by the first rule against them.

    Of a triggered campaign it is the week before `at`: the audience are those whom something set it off
    for, `messages` how many would have gone.
    """

    at: datetime
    audience: int
    dropped: Mapping[str, int]
    people: int
    messages: int
    bought: Bought
    consents_today: bool
    #: Some of the people, whose lists of products are looked at.
    sample: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored and answered."""
        return {
            "at": self.at.isoformat(),
            "audience": self.audience,
            "dropped": dict(sorted(self.dropped.items())),
            "people": self.people,
            "messages": self.messages,
            "buyers": self.bought.buyers,
            "orders": self.bought.orders,
            "revenue": f"{self.bought.revenue:.2f}",
            "consents_today": self.consents_today,
        }


@dataclass(frozen=True, slots=True)
class History:
    """What all dates share: since when people are known, and the shop's orders."""

    known: pl.DataFrame
    orders: pl.DataFrame


def play(campaign: Campaign, asked: Asked, history: History, *, at: datetime) -> Played:
    """Play a campaign as of a date. Who it is for comes from facts before it, what they bought from after it.

    About ten statements, of which two go over everybody; of a triggered campaign with a segment twice that.
    """
    topic = {"channel": campaign.channel, "topic": campaign.topic}
    today = mails(campaign) and lacks_consents(at, known=history.known, **topic)
    if is_triggered(campaign):
        return _triggered(campaign, asked, history, at=at, consents_today=today)
    with shop_as_of(at, known=history.known, consents_today=today, columns=asked.columns):
        decided = _decided(campaign, members_at(campaign.segment, at), at)
    people = [customer for customer, reason in decided if not reason]
    return Played(
        at=at,
        audience=len(decided),
        dropped=Counter(reason for _customer, reason in decided if reason),
        people=len(people),
        messages=len(people) if mails(campaign) else 0,
        bought=bought_by(people, history.orders, since=at, until=at + window_of(campaign)),
        consents_today=today,
        sample=sampled(people),
    )


def _triggered(
    campaign: Campaign, asked: Asked, history: History, *, at: datetime, consents_today: bool
) -> Played:
    """Play a week of a triggered campaign: its segments as of the beginning, what happened up to the end."""
    begun = at - starts.WEEK
    members: set[int] | None = None
    before: set[int] = set()
    then = partial(shop_as_of, known=history.known, consents_today=consents_today)
    if campaign.segment is not None or campaign.trigger_segment is not None:
        with then(begun, columns=asked.columns):
            if campaign.segment is not None:
                members = _ids(members_at(campaign.segment, begun))
            if campaign.trigger_segment is not None:
                before = _ids(members_at(campaign.trigger_segment, begun))
    columns = asked.columns if campaign.trigger_segment is not None else ()
    with then(at, columns=columns):
        if campaign.trigger_segment is not None:
            entered = _ids(members_at(campaign.trigger_segment, at)) - before
            set_off = starts.at_once(entered, at)
        else:
            set_off = starts.set_off(campaign, since=begun, until=at)
        if members is not None:
            set_off = set_off.filter(pl.col("customer_id").is_in(list(members)))
        them = sorted(set(set_off["customer_id"].to_list()))
        decided = _decided(campaign, _these(them), at)
    people = [customer for customer, reason in decided if not reason]
    going = set_off.filter(pl.col("customer_id").is_in(people))
    return Played(
        at=at,
        audience=len(them),
        dropped=Counter(reason for _customer, reason in decided if reason),
        people=len(people),
        messages=going.height,
        bought=starts.bought_after(going, history.orders, window=window_of(campaign)),
        consents_today=consents_today,
    )


def members_at(segment: Segment | None, at: datetime) -> Query:
    """Return who is in a segment by its rule of today and the facts of the past that is on."""
    if segment is None or segment.kind == Segment.Kind.STATIC:
        query = members_query(segment, as_of=at)
    else:
        query = compile_rule(segment.rule, as_of=at, slug=segment.slug)
    return query.sql, list(query.params)


def window_of(campaign: Campaign) -> timedelta:
    """Return how long what people buy counts."""
    return timedelta(days=campaign.goal_days)


def _decided(campaign: Campaign, members: Query, at: datetime) -> list[tuple[int, str]]:
    """Return each of an audience with the first rule against them; nobody is refused a change of prices."""
    if mails(campaign):
        sql, params = reasons(campaign, members, now=at)
    else:
        sql, params = f"SELECT customer_id, '' FROM ({members[0]}) AS audience", members[1]  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return sorted(cursor.fetchall())


def _ids(members: Query) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(*members)
        return {row[0] for row in cursor.fetchall()}


def _these(customer_ids: Sequence[int]) -> Query:
    return "SELECT unnest(%s::bigint[]) AS customer_id", [number_array(customer_ids)]
