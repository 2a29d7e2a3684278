"""Learn at which hour of their own clock people answer, and whether sending then pays."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from django.db import connection, transaction

from campaigns.experiments.statistics.proportions import compare_proportions
from campaigns.experiments.statistics.results import NotComputableError
from campaigns.experiments.statistics.sequential import always_valid
from campaigns.learning.send_hours import ALL, HOURS, PERSON_SENDS, Floats, Hours, Sends, best, interval
from campaigns.schedule.learned import SUBJECT, USE
from campaigns.schedule.models import PersonHour
from campaigns.tuning.standing import SEND_HOURS, decided_lately, holds
from core import clock
from core.copy import copy_from_frame, copy_to_frame
from delivery.schedule.zones import zone_of
from recommendations.models import Posterior, TuningDecision
from recommendations.services.tuning import Expected, Figures, propose

#: Own acts are counted of so many days, messages of so many, and a message has so long to be clicked.
ACTS, SENDS, WINDOW = timedelta(days=365), timedelta(days=180), timedelta(days=3)
#: Fewer clicks than this in both arms together decide nothing.
ENOUGH = 25
#: For so many messages the always valid interval is narrowest (campaigns.experiments.statistics.sequential).
PLANNED = 20_000

# An hour counts once a day however much was done in it. A fact at midnight sharp came without a time. What
# was clicked in messages that had a drawn hour is evidence about these, and no habit.
_ACTS = """
    WITH runs AS (
        SELECT r.id::text AS run FROM delivery_run r JOIN campaigns_campaign k ON r.reference = k.id::text
         WHERE r.source = 'campaign' AND k.learned_hours
    )
    SELECT customer_id, hour, count(*) AS n
      FROM (
        SELECT DISTINCT e.customer_id, date_trunc('hour', t.local) AS at,
               extract(hour FROM t.local)::int AS hour
          FROM events_event e
          JOIN customers_customer c ON c.id = e.customer_id AND NOT c.no_profiling
          JOIN unnest(%(time_zones)s::text[], %(countries)s::text[], %(zones)s::text[])
               AS z (time_zone, country, zone)
            ON z.time_zone = c.time_zone AND z.country = c.country
         CROSS JOIN LATERAL (SELECT e.occurred_at AT TIME ZONE z.zone AS local) t
         WHERE e.type IN ('purchase', 'message_clicked')
           AND e.occurred_at > %(as_of)s - %(acts)s AND e.occurred_at <= %(as_of)s
           AND NOT coalesce((e.properties->>'machine')::boolean, false)
           AND coalesce(e.properties->>'run' NOT IN (SELECT run FROM runs), true)
           AND t.local <> date_trunc('day', t.local)
           AND e.occurred_at AT TIME ZONE 'UTC' <> date_trunc('day', e.occurred_at AT TIME ZONE 'UTC')
      ) acts
     GROUP BY 1, 2
"""
# By what was drawn, not by when it went: who had quiet hours or no address was drawn all the same.
_SENDS = """
    WITH runs AS (
        SELECT r.id FROM delivery_run r JOIN campaigns_campaign k ON r.reference = k.id::text
         WHERE r.source = 'campaign' AND k.learned_hours AND r.created_at > %(now)s - %(sends)s
    ), clicked AS (
        SELECT e.customer_id, e.properties->>'run' AS run, min(e.occurred_at) AS at
          FROM events_event e
         WHERE e.properties->>'run' IN (SELECT id::text FROM runs) AND e.type = 'message_clicked'
           AND NOT coalesce((e.properties->>'machine')::boolean, false) AND e.occurred_at <= %(now)s
         GROUP BY 1, 2
    )
    SELECT m.customer_id, (m.context->'hour'->>'at')::int AS hour, m.context->'hour'->>'arm' AS arm,
           (m.context->'hour'->>'p')::float8 AS chance,
           (coalesce(k.at <= m.sent_at + %(window)s, false))::int AS clicked
      FROM delivery_message m JOIN runs ON runs.id = m.run_id
      JOIN customers_customer c ON c.id = m.customer_id AND NOT c.no_profiling
      LEFT JOIN clicked k ON k.customer_id = m.customer_id AND k.run = m.run_id::text
     WHERE m.state = 'sent' AND m.context ? 'hour' AND m.sent_at <= %(now)s - %(window)s
"""
_PEOPLE = """
    SELECT c.id AS customer_id, coalesce(persona.number::text, '') AS persona
      FROM customers_customer c
      LEFT JOIN profiles_customerprofile p ON p.customer_id = c.id
      LEFT JOIN profiles_persona persona ON persona.id = p.persona_id
     WHERE NOT c.no_profiling
     ORDER BY c.id
"""


@dataclass(frozen=True)
class Arms:
    """Messages and clicks at learned hours and at the usual time, which chance told apart."""

    learned: tuple[int, int]
    usual: tuple[int, int]

    def comparison(self) -> dict[str, Any] | None:
        """Return the clicks a message that learned hours bring more, with the interval for any look."""
        try:
            found = compare_proportions(self.usual[1], self.usual[0], self.learned[1], self.learned[0])
            valid = always_valid(
                found.difference.value, found.difference.se, self.usual[0] + self.learned[0], PLANNED
            )
        except NotComputableError:
            return None
        return {
            "learned": list(self.learned),
            "usual": list(self.usual),
            "difference": found.difference.value,
            "se": found.difference.se,
            "interval": [valid.interval.low, valid.interval.high],
        }


@transaction.atomic
def build(*, as_of: datetime, now: datetime) -> tuple[Hours, Arms]:
    """Learn the hours anew and store each person's: acts up to `as_of`, messages up to now.

    Three COPYs out and one in: 50 ms per 1,000 people with 5,000 facts and 1,000 messages (50,000: 2.4 s).
    Who refused to be profiled is in none of them and has no hour.
    """
    people = copy_to_frame(_PEOPLE, schema={"customer_id": pl.Int64, "persona": pl.String}).with_columns(
        pl.col("persona").fill_null(ALL)
    )
    acts, sends = _acts(as_of), _sends(now)
    place = people.with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    own = acts.join(place, on="customer_id")
    got = sends.join(place, on="customer_id")
    hours = Hours().updated(
        Sends(
            got["persona"].to_list(),
            got["hour"].to_numpy(),
            got["chance"].to_numpy(),
            got["clicked"].cast(pl.Float64).to_numpy(),
        ),
        {
            persona: _by_hour(part, "n")
            for (persona,), part in own.group_by("persona")
            if isinstance(persona, str)
        },
    )
    did = _table(own, "n", people.height)
    sent = _table(got.with_columns(one=pl.lit(1.0)), "one", people.height)
    clicked = _table(got, "clicked", people.height)
    rates = hours.people(people["persona"].to_list(), did, sent, clicked)
    chosen = best(rates)
    each = np.arange(people.height)
    low, high = interval(rates[each, chosen], sent[each, chosen] + PERSON_SENDS)
    PersonHour.objects.all().delete()
    copy_from_frame(
        pl.DataFrame(
            {
                "customer_id": people["customer_id"],
                "hour": chosen,
                "rate": rates[each, chosen].round(6),
                "low": low.round(6),
                "high": high.round(6),
                "acts": did.sum(axis=1).astype(np.int64),
                "sent": sent.sum(axis=1).astype(np.int64),
            }
        ),
        PersonHour._meta.db_table,
    )
    Posterior.objects.update_or_create(
        subject=SUBJECT,
        key="",
        defaults={
            "parameters": {
                "hours": hours.as_json(),
                "best": {name: hours.of(name).best() for name in {ALL, *hours.groups}},
                "as_of": as_of.isoformat(),
                "people": people.height,
            },
            "updated_at": now,
        },
    )
    return hours, _arms(got)


def learn_send_hours(*, now: datetime) -> list[TuningDecision]:
    """Learn the hours anew; where clicks prove that using them pays or harms, decide that.

    Looked at every night, so the interval is the always valid one. Not proven is no decision: learned hours
    are used as long as nothing speaks against them. What proved to pay is noted. Who rolls a decision back is
    not asked the same again for three months.
    """
    _hours, arms = build(as_of=clock.known_until(now), now=now)
    found = arms.comparison()
    if found is None or arms.learned[1] + arms.usual[1] < ENOUGH:
        return []
    low, high = found["interval"]
    if low <= 0 <= high:
        return []
    verdict = TuningDecision.Verdict.WORSE if high < 0 else TuningDecision.Verdict.BETTER
    if decided_lately(SEND_HOURS.key, SUBJECT, verdict, now):
        return []
    before = holds(SUBJECT, USE)
    rate = arms.usual[1] / arms.usual[0]
    return [
        propose(
            SEND_HOURS.key,
            SUBJECT,
            evidence=Figures(
                f"hours:{'/'.join(map(str, (*arms.learned, *arms.usual)))}", now, found, verdict=verdict.value
            ),
            before=before,
            after={"use": False} if high < 0 else before,
            expected=Expected(found["difference"] / rate, found["se"] / rate) if rate else None,
            now=now,
        )
    ]


def _arms(sends: pl.DataFrame) -> Arms:
    told = {
        arm: (part.height, int(part["clicked"].sum()))
        for (arm,), part in sends.group_by("arm")
    }  # fmt: skip
    return Arms(told.get("learned", (0, 0)), told.get("usual", (0, 0)))


def _acts(as_of: datetime) -> pl.DataFrame:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT time_zone, country FROM customers_customer WHERE NOT no_profiling")
        places = cursor.fetchall()
    return copy_to_frame(
        _ACTS,
        {
            "time_zones": [time_zone for time_zone, _country in places],
            "countries": [country for _time_zone, country in places],
            "zones": [zone_of(*place).key for place in places],
            "as_of": as_of,
            "acts": ACTS,
        },
        schema=dict.fromkeys(("customer_id", "hour", "n"), pl.Int64),
    )


def _sends(now: datetime) -> pl.DataFrame:
    return copy_to_frame(
        _SENDS,
        {"now": now, "sends": SENDS, "window": WINDOW},
        schema={
            "customer_id": pl.Int64, "hour": pl.Int64, "arm": pl.String, "chance": pl.Float64,
            "clicked": pl.Int64,
        },
    )  # fmt: skip


def _by_hour(rows: pl.DataFrame, column: str) -> Floats:
    found: Floats = np.bincount(rows["hour"], weights=rows[column], minlength=HOURS).astype(np.float64)
    return found


def _table(rows: pl.DataFrame, column: str, people: int) -> Floats:
    """Return rows of (place, hour, value) as people x 24."""
    found: Floats = np.bincount(
        rows["place"].to_numpy() * HOURS + rows["hour"].to_numpy(),
        weights=rows[column].to_numpy(),
        minlength=people * HOURS,
    ).astype(np.float64)
    return found.reshape(people, HOURS)
