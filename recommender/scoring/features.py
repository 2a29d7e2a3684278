"""What can be known of a customer at a cut: the inputs of every score."""

import polars as pl

from recommender.columns import AMOUNT, DISCOUNT, EVENT, TIME, USER
from recommender.dataset import DAY
from recommender.scoring.history import HOLIDAY, OFFER, RESPONSES, SALE, UNTIL, Past

#: Nothing older is looked at, so that cuts early and late in a shop's life can be compared.
LOOKBACK = 365.0
SHORT, MIDDLE, LONG = 28.0, 84.0, 182.0
#: The first cut that examples are made at has at least this much behind it.
RUN_UP = MIDDLE
TENURE_CAP = LONG

BASKETS: dict[str, str] = {
    "recency_days": "days since the last basket",
    "tenure_days": "days since the first basket, at most 182",
    "orders_28d": "baskets in 28 days",
    "orders_84d": "baskets in 84 days",
    "orders_per_week": "baskets a week since the first, at least one week",
    "weeks_84d": "of the last 12 weeks, those with a basket",
    "pace_14d": "baskets, each counting exp(-days ago ÷ 14)",
    "pace_45d": "baskets, each counting exp(-days ago ÷ 45)",
    "last_gap": "days between the last two baskets; missing for one basket",
    "gap_days": "mean days between baskets; missing for one basket",
    "gap_spread": "standard deviation of the days between baskets; missing below three baskets",
    "silence": "days since the last basket ÷ (mean gap + 1 day); missing for one basket",
    "longest_gap": "longest silence between two baskets in days",
    "trend": "baskets in 28 days × 3 ÷ (baskets in 84 days + 1)",
    "amount_28d": "amount in 28 days",
    "amount_84d": "amount in 84 days",
    "basket_value": "amount a basket",
    "basket_items": "different items a basket",
    "discount_share": "discount ÷ (amount + discount)",
    "weekend_share": "of the baskets, in UTC",
}

#: What the shop's calendar explains: a sale that everybody came to is no loyalty.
CALENDAR: dict[str, str] = {
    "sale_share": "of the amount, what was bought in sales",
    "sale_share_28d": "of the amount in 28 days, what was bought in sales; missing without one",
    "holiday_share": "of the amount, what was bought on public holidays",
}

#: What a shop would look at without any model: the baseline that a score must beat.
SIMPLE = (
    "recency_days", "tenure_days", "orders_28d", "orders_84d", "orders_per_week", "weeks_84d", "gap_days",
    "amount_28d", "amount_84d", "basket_value", "basket_items", "discount_share", "weekend_share",
    *(f"{event}{suffix}" for event in RESPONSES for suffix in ("s_28d", "s_182d", "_recency")),
    "offers_open",
)  # fmt: skip


def formulas() -> dict[str, str]:
    """Return every feature with its formula."""
    found = BASKETS | CALENDAR
    for event in RESPONSES:
        found[f"{event}s_28d"] = f"{event}s in 28 days"
        found[f"{event}s_182d"] = f"{event}s in 182 days"
        found[f"{event}_recency"] = f"days since the last {event}; missing without one"
    found["offers_open"] = "offers that run at the moment"
    found["offer_days_left"] = "days that open offers will run in the next 28, added up"
    found["offer_length"] = "days from first to last of the longest open offer; missing without one"
    found["redemption_rate"] = "(redemptions in 182 days + 0.1) ÷ (offers in 182 days + 1)"
    found["click_rate"] = "(clicks in 182 days + 0.1) ÷ (messages in 182 days + 1)"
    return found


def features(past: Past, cut: float) -> pl.DataFrame:
    """Return one row per user_id with a basket in the 365 days before ``cut``, sorted; see formulas.

    Rows at or after the cut are never looked at (an offer's announced end may lie after it). A feature
    of an event that never happened in this shop is left out, and so are those of the calendar where the
    baskets do not say which of them it explains. 2,500 customers with 140,000 baskets
    take 80 ms.
    """
    frame = _baskets(past.baskets, cut)
    known = past.responses.filter(pl.col(TIME) < cut)
    for event in RESPONSES:
        rows = known.filter(pl.col(EVENT) == event)
        if rows.height:
            frame = frame.join(_responses(rows, event, cut), on=USER, how="left")
    counts = [name for name in frame.columns if name.endswith(("s_28d", "s_182d", "s_open", "_left"))]
    frame = frame.with_columns(pl.col(name).fill_null(0).cast(pl.Float64) for name in counts)
    for sent, answered, rate in (
        ("offers", "redemptions", "redemption_rate"),
        ("messages", "clicks", "click_rate"),
    ):
        if {f"{sent}_182d", f"{answered}_182d"} <= set(frame.columns):
            share = (pl.col(f"{answered}_182d") + 0.1) / (pl.col(f"{sent}_182d") + 1)
            frame = frame.with_columns(share.alias(rate))
    return frame.sort(USER)


def _baskets(baskets: pl.DataFrame, cut: float) -> pl.DataFrame:
    age = (cut - pl.col(TIME)) / DAY
    rows = baskets.filter((pl.col(TIME) < cut) & (age <= LOOKBACK)).sort(USER, TIME)
    rows = rows.with_columns(
        age=age,
        gap=pl.col(TIME).diff().over(USER) / DAY,
        weekend=pl.from_epoch(pl.col(TIME).cast(pl.Int64), time_unit="s").dt.weekday() >= 6,
    )
    late, middle = pl.col("age") <= SHORT, pl.col("age") <= MIDDLE
    gap = (pl.col("age").max() - pl.col("age").min()) / (pl.len() - 1)
    many = pl.len() > 1
    whole = pl.col(AMOUNT).sum() + pl.col(DISCOUNT).sum()
    return rows.group_by(USER).agg(
        *_calendar(rows, late),
        recency_days=pl.col("age").min(),
        tenure_days=pl.col("age").max().clip(upper_bound=TENURE_CAP),
        orders_28d=late.sum().cast(pl.Float64),
        orders_84d=middle.sum().cast(pl.Float64),
        orders_per_week=pl.len() / (pl.col("age").max() / 7).clip(lower_bound=1.0),
        weeks_84d=(pl.col("age").filter(middle) / 7).floor().n_unique().cast(pl.Float64),
        pace_14d=(-pl.col("age") / 14).exp().sum(),
        pace_45d=(-pl.col("age") / 45).exp().sum(),
        last_gap=pl.col("gap").last(),
        gap_days=pl.when(many).then(gap),
        gap_spread=pl.col("gap").std(),
        silence=pl.when(many).then(pl.col("age").min() / (gap + 1)),
        longest_gap=pl.col("gap").max(),
        trend=late.sum() * 3 / (middle.sum() + 1),
        amount_28d=pl.col(AMOUNT).filter(late).sum(),
        amount_84d=pl.col(AMOUNT).filter(middle).sum(),
        basket_value=pl.col(AMOUNT).mean(),
        basket_items=pl.col("items").mean(),
        discount_share=pl.when(whole > 0).then(pl.col(DISCOUNT).sum() / whole).otherwise(0.0),
        weekend_share=pl.col("weekend").mean(),
    )


def _calendar(rows: pl.DataFrame, late: pl.Expr) -> list[pl.Expr]:
    shares = []
    if SALE in rows.columns:
        shares += [
            _share(pl.col(SALE)).alias("sale_share"),
            _share(pl.col(SALE), late).alias("sale_share_28d"),
        ]
    if HOLIDAY in rows.columns:
        shares.append(_share(pl.col(HOLIDAY)).alias("holiday_share"))
    return shares


def _share(marked: pl.Expr, among: pl.Expr | None = None) -> pl.Expr:
    """Return the share of what was spent in marked baskets; null where nothing was spent."""
    among = pl.lit(True) if among is None else among
    spent = pl.col(AMOUNT).clip(lower_bound=0.0)
    whole = spent.filter(among).sum()
    return pl.when(whole > 0).then(spent.filter(among & marked).sum() / whole)


def _responses(rows: pl.DataFrame, event: str, cut: float) -> pl.DataFrame:
    age = (cut - pl.col(TIME)) / DAY
    found = {
        f"{event}s_28d": (age <= SHORT).sum(),
        f"{event}s_182d": (age <= LONG).sum(),
        f"{event}_recency": age.min(),
    }
    if event == OFFER:
        left = (pl.col(UNTIL) - cut) / DAY
        found["offers_open"] = (left >= 0).sum()
        found["offer_days_left"] = left.clip(0, SHORT).sum()
        found["offer_length"] = ((pl.col(UNTIL) - pl.col(TIME)) / DAY).filter(left >= 0).max()
    return rows.group_by(USER).agg(**found)
