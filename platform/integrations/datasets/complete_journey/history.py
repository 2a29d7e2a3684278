"""What the households did: purchases, mailings of old campaigns, coupons redeemed.

Message ids come from the rows' own keys, so a row is the same event however often it is read:
(basket, product), (campaign, household) and (household, coupon, campaign, day) are unique in the files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import polars as pl
from django.conf import settings

from catalog.services import ensure_products
from customers.identity import ensure_actors
from events import quality
from events.models import EventType, Note, Quality
from events.store import BLOCK_ROWS, append
from integrations.datasets.complete_journey.files import NAME, Files
from integrations.services import Counts, import_run

CURRENCY = "USD"
_CENT = pl.Decimal(14, 2)


@dataclass(frozen=True, slots=True)
class Links:
    """How the files' numbers lead to ours."""

    customers: pl.DataFrame
    products: pl.DataFrame
    stubs: int

    @classmethod
    def read(cls, files: Files, now: datetime) -> Self:
        """Look the numbers up. The 17 products that were sold but are in no product table become stubs."""
        numbers = files.households["household_id"].to_list()
        actors, _ = ensure_actors((str(n) for n in numbers), (), now)
        found = [actors[str(n)] for n in numbers]
        customers = pl.DataFrame(
            {
                "household_id": numbers,
                "customer_id": [a.customer_id for a in found],
                "actor_id": [a.identifier_id for a in found],
            }
        )
        sold = files.transactions["product_id"].unique()
        ids = ensure_products((str(n) for n in sold), now)
        products = pl.DataFrame({"product_id": sold, "id": [ids[str(n)] for n in sold]})
        listed = products.join(files.products, on="product_id", how="semi").height
        return cls(customers, products, products.height - listed)


def load_purchases(files: Files, links: Links, now: datetime, tell: Callable[[int], None]) -> None:
    """Store the transactions. Rows without a quantity are kept and marked.

    `tell` hears how many rows are in.
    """
    with import_run(dataset=NAME, kind="purchases", source=NAME, now=now) as counts:
        for block in files.transactions.iter_slices(BLOCK_ROWS):
            tell(counts.rows)
            _add(counts, _purchases(block, links, now))
        if links.stubs and counts.accepted:
            quality.note(NAME, quality.shop_day(now), {Note.UNKNOWN_PRODUCT: links.stubs})


def purchases(files: Files, links: Links, now: datetime) -> pl.DataFrame:
    """Return all transactions as facts, as load_purchases stores them."""
    return _purchases(files.transactions, links, now)


def _purchases(rows: pl.DataFrame, links: Links, now: datetime) -> pl.DataFrame:
    store = pl.col("store_id").cast(pl.String)
    coupon = pl.col("coupon_disc") + pl.col("coupon_match_disc")
    basket = pl.col("basket_id").cast(pl.String)
    return _facts(rows, links, now, EventType.PURCHASE, pl.col("at")).select(
        pl.col("source", "type", "customer_id", "actor_id", "occurred_at", "received_at"),
        pl.concat_str(basket, pl.col("product_id"), separator="-").alias("message_id"),
        pl.col("id").alias("product_id"),
        basket.alias("order_id"),
        "quantity",
        pl.col("sales_value").cast(_CENT).alias("amount"),
        (pl.col("retail_disc") + coupon).cast(_CENT).alias("discount"),
        pl.lit(CURRENCY).alias("currency"),
        pl.when(pl.col("quantity") == 0)
        .then(pl.lit(Quality.NO_QUANTITY.value))
        .when(pl.col("sales_value") == 0)
        .then(pl.lit(Quality.ZERO_PRICE.value))
        .otherwise(pl.lit(Quality.GOOD.value))
        .alias("quality"),
        pl.when(coupon > 0)
        .then(_json(("store", store), ("coupon_discount", coupon.cast(_CENT))))
        .otherwise(_json(("store", store)))
        .alias("properties"),
    )


def load_mailings(files: Files, links: Links, now: datetime) -> None:
    """Store that a household was mailed a campaign's coupons, at the campaign's start."""
    with import_run(dataset=NAME, kind="mailings", source=NAME, now=now) as counts:
        rows = files.campaigns
        facts = _facts(rows, links, now, EventType.MESSAGE_SENT, _midnight("start_date"))
        _add(counts, facts.select(
            pl.col("source", "type", "customer_id", "actor_id", "occurred_at", "received_at"),
            pl.format("mailing-{}-{}", "campaign_id", "household_id").alias("message_id"),
            pl.lit("").alias("quality"),
            pl.struct(
                pl.col("campaign_id").cast(pl.String).alias("campaign"),
                pl.col("campaign_type"),
                pl.col("end_date").dt.strftime("%Y-%m-%d").alias("ends"),
                pl.lit("post").alias("channel"),
            ).struct.json_encode().alias("properties"),
        ))  # fmt: skip


def load_coupons(files: Files, links: Links, now: datetime) -> None:
    """Store that each of these mailings gave coupons that hold until the campaign's last day."""
    with import_run(dataset=NAME, kind="coupons", source=NAME, now=now) as counts:
        rows = files.campaigns
        facts = _facts(rows, links, now, EventType.COUPON_ASSIGNED, _midnight("start_date"))
        _add(counts, facts.select(
            pl.col("source", "type", "customer_id", "actor_id", "occurred_at", "received_at"),
            pl.format("coupons-{}-{}", "campaign_id", "household_id").alias("message_id"),
            pl.lit("").alias("quality"),
            pl.struct(
                pl.col("campaign_id").cast(pl.String).alias("campaign"),
                pl.col("end_date").dt.strftime("%Y-%m-%dT00:00:00Z").alias("until"),
            ).struct.json_encode().alias("properties"),
        ))  # fmt: skip


def load_redemptions(files: Files, links: Links, now: datetime) -> None:
    """Store the coupons redeemed. The file knows the day, not the hour."""
    with import_run(dataset=NAME, kind="redemptions", source=NAME, now=now) as counts:
        rows = files.redemptions
        facts = _facts(rows, links, now, EventType.COUPON_REDEEMED, _midnight("redemption_date"))
        day = pl.col("redemption_date").dt.strftime("%Y-%m-%d")
        _add(counts, facts.select(
            pl.col("source", "type", "customer_id", "actor_id", "occurred_at", "received_at"),
            pl.concat_str(
                pl.lit("redemption"), "household_id", "coupon_upc", "campaign_id", day, separator="-"
            ).alias("message_id"),
            pl.lit("").alias("quality"),
            pl.struct(
                pl.col("campaign_id").cast(pl.String).alias("campaign"),
                pl.col("coupon_upc").cast(pl.String),
            ).struct.json_encode().alias("properties"),
        ))  # fmt: skip


def _facts(rows: pl.DataFrame, links: Links, now: datetime, kind: str, at: pl.Expr) -> pl.DataFrame:
    facts = rows.join(links.customers, on="household_id", maintain_order="left")
    if "product_id" in rows.columns:
        facts = facts.join(links.products, on="product_id", maintain_order="left")
    return facts.with_columns(
        pl.lit(NAME).alias("source"),
        pl.lit(str(kind)).alias("type"),
        at.alias("occurred_at"),
        pl.lit(now).alias("received_at"),
    )


def _json(*members: tuple[str, pl.Expr]) -> pl.Expr:
    """Return a JSON object of text that needs no escaping: half the time of struct.json_encode."""
    parts: list[pl.Expr] = []
    for name, value in members:
        parts += [pl.lit(f'{"," if parts else "{"}"{name}":"'), value, pl.lit('"')]
    return pl.concat_str(*parts, pl.lit("}"))


def _midnight(column: str) -> pl.Expr:
    return pl.col(column).dt.cast_time_unit("us").dt.replace_time_zone("UTC")


def _add(counts: Counts, facts: pl.DataFrame) -> None:
    stored = append(facts)
    counts.rows += facts.height
    counts.accepted += stored.accepted
    counts.duplicates += stored.duplicates
    _note(facts, all_new=stored.accepted == facts.height, repeats=stored.duplicates)


def _note(facts: pl.DataFrame, *, all_new: bool, repeats: int) -> None:
    """Note what was found in the rows on the days that they tell of; repeats on the day of the import."""
    if repeats:
        today = quality.shop_day(facts["received_at"].max())  # type: ignore[arg-type]
        quality.note(NAME, today, {Note.DUPLICATE: repeats})
    if all_new:
        day = pl.col("occurred_at").dt.convert_time_zone(settings.SHOP_TIME_ZONE).dt.date()
        found = facts.group_by(day.alias("day"), "quality").len()
        flaws = found.filter(pl.col("quality") != "").rows()
        taken = found.group_by("day").agg(pl.col("len").sum()).rows()
        quality.note_all(
            {(NAME, d, flaw): n for d, flaw, n in flaws} | {(NAME, d, Note.ACCEPTED): n for d, n in taken}
        )
