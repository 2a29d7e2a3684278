"""A shop of which the truth is known: who buys by what rate, and who stopped when."""

import numpy as np
import polars as pl
import pytest

from recommender.dataset import DAY
from recommender.scoring import Past, Tables
from recommender.scoring.history import clean_responses

DAYS = 364.0


def make_past(customers: int = 300, seed: int = 7, responses: bool = True) -> Past:
    random = np.random.default_rng(seed)
    rate = random.gamma(2.0, 1 / 40.0, customers) + 0.004
    until = np.where(random.random(customers) < 0.5, DAYS + 99, random.uniform(60, 420, customers))
    baskets, sent = [], []
    for number in range(customers):
        user = f"c{number:04}"
        at = random.exponential(1 / rate[number])
        while at < min(DAYS + 28, until[number]):
            baskets.append((user, at * DAY, random.gamma(4.0, 8.0), random.gamma(1.0, 2.0), 3))
            at += random.exponential(1 / rate[number])
        if responses and number % 2:
            for month in range(13):
                sent.append((user, (month * 28 + 1) * DAY, "offer", (month * 28 + 20) * DAY))
                if random.random() < rate[number] * 4:
                    sent.append((user, (month * 28 + 9) * DAY, "redemption", None))
    names = ["user_id", "timestamp", "amount", "discount", "items"]
    frame = pl.DataFrame(baskets, schema=names, orient="row")
    if not responses:
        return Past(frame)
    kinds = {"user_id": pl.String, "timestamp": pl.Float64, "event": pl.String, "until": pl.Float64}
    return Past(frame, clean_responses(pl.DataFrame(sent, schema=kinds, orient="row")))


@pytest.fixture(scope="session")
def past() -> Past:
    return make_past()


@pytest.fixture(scope="session")
def tables(past) -> Tables:
    return Tables(past, DAYS * DAY)
