"""Small shops whose right answers can be read off."""

from datetime import UTC, datetime, timedelta

import polars as pl

START = datetime(2024, 1, 1, tzinfo=UTC)


def rows(*entries: tuple[str, str, int]) -> pl.DataFrame:
    """Interactions from (user, item, day)."""
    return pl.DataFrame(
        {
            "user_id": [user for user, _, _ in entries],
            "item_id": [item for _, item, _ in entries],
            "timestamp": [START + timedelta(days=day) for _, _, day in entries],
        },
        schema={"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Datetime("us", "UTC")},
    )


def two_tastes(size: int = 12) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tea people buy t0–t5 and coffee people c0–c5, all of them, every 20 days.

    Alice is a tea person who never had t5, and has t0 far more often than the rest; Bob likewise for
    coffee and c5. There is one tea person more, so that ties between the groups are settled.
    """
    entries = []
    for group, count in (("t", size + 1), ("c", size)):
        for person in range(count):
            for item in range(6):
                entries += [(f"{group}-{person:02d}", f"{group}{item}", day) for day in range(item, 100, 20)]
    for name, group in (("alice", "t"), ("bob", "c")):
        entries += [(name, f"{group}{item}", day) for item in range(5) for day in (10, 50)]
        entries += [(name, f"{group}0", day) for day in range(60, 100, 4)]
    items = pl.DataFrame(
        {
            "item_id": [f"{group}{item}" for group in "tc" for item in range(6)],
            "category": ["tea"] * 6 + ["coffee"] * 6,
            "label": [f"fine {kind}" for kind in ("tea", "coffee") for _ in range(6)],
        }
    )
    return rows(*entries), items
