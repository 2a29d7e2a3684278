"""How well redemption is foreseen in this shop: asked of later campaigns, learned from earlier ones."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from accounts.jobs import Progress, as_of
from core.copy import copy_to_frame
from profiles.scores.facts import read_past
from recommender.columns import ITEM, TIME, USER
from recommender.scoring.past_offers import Offers, measure

#: So many days are asked about, and so many campaigns must lie on each side of one.
CUTS, CAMPAIGNS = 3, 3

# No product is known for what a campaign's coupons were for, so that feature is nought.
_GIVEN = """
    WITH told AS (
        SELECT source, properties->>'campaign' AS campaign, min(properties->>'campaign_type') AS kind
        FROM events_event WHERE type = 'message_sent' AND properties ? 'campaign_type'
        GROUP BY 1, 2
    ), used AS (
        SELECT DISTINCT source, properties->>'campaign' AS campaign, customer_id
        FROM events_event
        WHERE type = 'coupon_redeemed' AND properties ? 'campaign' AND occurred_at < %(as_of)s
    ), given AS (
        SELECT source, properties->>'campaign' AS campaign, customer_id, min(occurred_at) AS starts,
               max((properties->>'until')::timestamptz) AS ends
        FROM events_event
        WHERE type = 'coupon_assigned' AND properties ? 'campaign' AND properties ? 'until'
          AND customer_id IS NOT NULL
        GROUP BY 1, 2, 3
    )
    SELECT g.customer_id::text AS user_id, g.source || ' ' || g.campaign AS campaign_id,
           extract(epoch FROM min(g.starts) OVER (PARTITION BY g.source, g.campaign))::float8 AS start,
           extract(epoch FROM max(g.ends) OVER (PARTITION BY g.source, g.campaign))::float8 AS "end",
           coalesce(told.kind, '') AS kind, (used.customer_id IS NOT NULL)::int AS came
    FROM given g
    JOIN customers_customer c ON c.id = g.customer_id AND NOT c.no_profiling
    LEFT JOIN used USING (source, campaign, customer_id)
    LEFT JOIN told USING (source, campaign)
    WHERE g.ends < %(as_of)s
"""
_REDEEMED = """
    SELECT customer_id::text AS user_id, extract(epoch FROM occurred_at)::float8 AS timestamp
    FROM events_event
    WHERE type = 'coupon_redeemed' AND properties ? 'campaign' AND customer_id IS NOT NULL
      AND occurred_at < %(as_of)s
"""


def judge(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Measure it at some days (`as_of`); `missing` says why it cannot be.

    Complete Journey's 27 campaigns take about 10 s a day of one core.
    """
    moment = as_of(parameters)
    progress(0, CUTS + 1)
    offers = read(moment)
    days = cuts(offers.given)
    if not days:
        return {"cuts": [], "missing": "few", "campaigns": offers.given["campaign_id"].n_unique()}
    found = []
    for number, day in enumerate(days, start=1):
        progress(number, len(days) + 1)
        found.append(measure(offers, day))
    progress(len(days) + 1, len(days) + 1)
    return {"cuts": found, "as_of": moment.isoformat()}


def read(moment: datetime) -> Offers:
    """Return past offers that were over at a moment, without those who refused profiling. Three COPYs."""
    numbers: dict[str, Any] = dict.fromkeys(("start", "end"), pl.Float64)
    texts = dict.fromkeys((USER, "campaign_id", "kind"), pl.String)
    given = copy_to_frame(
        _GIVEN,
        {"as_of": moment},
        {USER: pl.String, "campaign_id": pl.String, **numbers, "kind": pl.String, "came": pl.Int64},
    ).with_columns(pl.col("came") == 1, *(pl.col(name).fill_null("") for name in texts))
    redeemed = copy_to_frame(_REDEEMED, {"as_of": moment}, {USER: pl.String, TIME: pl.Float64})
    return Offers(
        given,
        pl.DataFrame(schema={"campaign_id": pl.String, ITEM: pl.String}),
        pl.DataFrame(schema={USER: pl.String, ITEM: pl.String, TIME: pl.Float64}),
        redeemed,
        read_past(moment),
    )


def cuts(given: pl.DataFrame) -> list[str]:
    """Return days with enough campaigns over before and begun after, and redemptions in both parts."""
    campaigns = given.group_by("campaign_id").agg(
        pl.col("start").min(), pl.col("end").max(), pl.col("came").sum()
    )
    fitting = []
    for start in sorted(set(campaigns["start"].to_list())):
        before = campaigns.filter(pl.col("end") <= start)
        after = campaigns.filter(pl.col("start") >= start)
        if min(before.height, after.height) >= CAMPAIGNS and all(
            part["came"].sum() >= 20 for part in (before, after)
        ):
            fitting.append(start)
    if not fitting:
        return []
    # The last ones leave little to ask about: spread over the earlier two thirds.
    places = np.unique(np.linspace(0, max(0, (len(fitting) - 1) * 2 // 3), CUTS).round().astype(int))
    return [f"{datetime.fromtimestamp(fitting[place], UTC):%Y-%m-%d}" for place in places]
