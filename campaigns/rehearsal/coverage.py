"""Whether the measured ranges hold as often as they say, on the shop's own history.

Each audience is played on as many earlier dates as there are. For every date from the fourth on, buyers and
revenue a person are foreseen from the dates before, with the code that foresees a launch, and compared with
what came. Nothing is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import Any

from django.db import connection

from accounts.jobs import Progress, silent
from campaigns.rehearsal.asking import BEFORE, DATES, column_of
from campaigns.rehearsal.bought import Bought, bought_by, orders_between
from campaigns.rehearsal.expecting import buyers_share, revenue_each
from campaigns.rehearsal.past import known_since, shop_as_of
from profiles import calendar
from profiles.building.earlier import COLUMNS
from segments.asked import fields_asked
from segments.compiler import compile_rule

#: Dates that a forecast needs before it, and the people below whom nothing is compared.
AT_LEAST, ENOUGH = 3, 20


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the compared ranges held, and how wide they were against what came (the median)."""

    compared: int
    buyers: float
    revenue: float
    buyers_width: float
    revenue_width: float


def answerable(rules: Mapping[str, dict[str, Any]]) -> dict[str, frozenset[str]]:
    """Return by rule the columns of the profile that it needs, but for rules that history cannot answer."""
    found = {}
    for name, rule in rules.items():
        columns = {column for field in fields_asked(rule) if (column := column_of(field))}
        if columns <= COLUMNS:
            found[name] = frozenset(columns)
    return found


def play_rules(
    rules: Mapping[str, dict[str, Any]],
    *,
    until: datetime,
    first: datetime,
    days: int,
    progress: Progress = silent,
) -> dict[str, list[Bought]]:
    """Return by rule what its audience bought within `days` of each date, the earliest first."""
    window = timedelta(days=days)
    dates: list[datetime] = []
    at = until - window
    while at >= first + BEFORE:
        dates.insert(0, at)
        at -= window
    if not dates:
        return {}
    calendar.refresh(until)
    known = known_since(first=dates[0], last=dates[-1])
    orders = orders_between(dates[0], until)
    wanted = answerable(rules)
    columns = frozenset[str]().union(*wanted.values())
    found: dict[str, list[Bought]] = {name: [] for name in wanted}
    for number, date in enumerate(dates):
        progress(number, len(dates), f"{date:%Y-%m-%d}")
        members = {}
        with (
            shop_as_of(date, known=known, consents_today=True, columns=columns),
            connection.cursor() as cursor,
        ):
            for name in wanted:
                query = compile_rule(rules[name], as_of=date)
                cursor.execute(query.sql, query.params)
                members[name] = [row[0] for row in cursor.fetchall()]
        for name, people in members.items():
            found[name].append(bought_by(people, orders, since=date, until=date + window))
    return found


def covered(history: Mapping[str, list[Bought]]) -> Coverage | None:
    """Return how often the ranges held over all rules and dates; None where there is nothing to compare."""
    buyers, revenue, widths, amounts = [], [], [], []
    for dates in history.values():
        for number in range(AT_LEAST, len(dates)):
            came, before = dates[number], dates[max(0, number - DATES) : number]
            before = [one for one in before if one.people]
            if came.people < ENOUGH or len(before) < AT_LEAST:
                continue
            share, each = buyers_share(before, came.people), revenue_each(before, came.people)
            low, high = floor(share.low * came.people), ceil(share.high * came.people)
            buyers.append(low <= came.buyers <= high)
            revenue.append(each.low <= came.mean <= each.high)
            widths.append((high - low) / max(came.buyers, 1))
            amounts.append((each.high - each.low) / came.mean if came.mean else 0.0)
    if not buyers:
        return None
    middle = len(buyers) // 2
    return Coverage(
        compared=len(buyers),
        buyers=sum(buyers) / len(buyers),
        revenue=sum(revenue) / len(revenue),
        buyers_width=sorted(widths)[middle],
        revenue_width=sorted(amounts)[middle],
    )
