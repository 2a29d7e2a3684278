"""What customers' own words say of them: interests and the sentiment of reviews, slice by slice."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
import polars as pl
from django.db import connection

from core.copy import copy_from_frame, copy_to_frame
from profiles import rounds
from profiles.models import CustomerTexts, Round
from recommender.columns import USER
from recommender.errors import DataError
from recommender.profiling.texts import Vocabulary, mean_sentiment

#: Older words say little about what somebody wants.
WORDS_FOR = timedelta(days=365)
#: The shop's most used words that a study keeps.
MOST = 50

_TEXTS = """
SELECT
    e.customer_id::text AS user_id,
    e.type = 'review' AS review,
    coalesce(e.properties ->> 'text', e.properties ->> 'search', '') AS text
FROM events_event e
JOIN customers_customer c ON c.id = e.customer_id AND NOT c.no_profiling
WHERE e.type IN ('search', 'review') AND e.occurred_at < %(as_of)s AND e.occurred_at >= %(since)s
  AND e.customer_id > %(after)s AND e.customer_id <= %(to)s
"""
_SCHEMA = {USER: pl.String, "review": pl.String, "text": pl.String}
# Who was erased or objected since the words were read stays away.
_STORE = """
INSERT INTO profiles_customertexts (customer_id, interests, reviews, sentiment, as_of)
SELECT f.customer_id, f.interests, f.reviews, f.sentiment, f.as_of FROM text_found f
JOIN customers_customer c ON c.id = f.customer_id AND NOT c.no_profiling
"""
_WORDS = """
SELECT word.term, round(sum(word.weight)::numeric, 2)::float8
FROM profiles_customertexts, jsonb_to_recordset(interests) AS word(term text, weight float8)
GROUP BY 1
ORDER BY sum(word.weight) DESC, 1
LIMIT %s
"""
_WHOLE = """
SELECT count(*), coalesce(sum(reviews), 0), round(avg(sentiment)::numeric, 3)::float8
FROM profiles_customertexts
"""


def find(work: Round, told: Callable[[float], None]) -> dict[str, Any]:
    """Give each customer interests and the sentiment of their reviews; return the shop's most used words.

    Words are counted over everybody first, then weighed customer by customer; a round that is gone on with
    counts again and weighs only the rest. Raises DataError where nobody said a word.
    """
    vocabulary = _count(work.as_of)
    rounds.each_slice(work, lambda after, to: _give(vocabulary, work.as_of, after, to), told)
    if not vocabulary.people:
        raise DataError("nobody searched or wrote a review within a year")
    with connection.cursor() as cursor:
        cursor.execute(_WHOLE)
        customers, reviews, sentiment = cursor.fetchone()
        cursor.execute(_WORDS, [MOST])
        words = [list(row) for row in cursor.fetchall()]
    return {"customers": customers, "reviews": int(reviews), "sentiment": sentiment, "words": words}


def _count(as_of: datetime) -> Vocabulary:
    vocabulary, after = Vocabulary(), 0
    while (to := rounds.next_slice(after)) is not None:
        vocabulary.count(_people(as_of, after, to)["words"])
        after = to
    return vocabulary


def _people(as_of: datetime, after: int, to: int) -> pl.DataFrame:
    """Return user_id, all of their words, how many reviews and their texts, of a stretch of customers."""
    values = {"as_of": as_of, "since": as_of - WORDS_FOR, "after": after, "to": to}
    rows = copy_to_frame(_TEXTS, values, _SCHEMA)
    rows = rows.with_columns(pl.col("text").fill_null(""), review=pl.col("review") == "t")
    return rows.sort(USER, "review", "text").group_by(USER, maintain_order=True).agg(
        words=pl.col("text").str.join("\n"), reviews=pl.col("review").sum(),
        told=pl.col("text").filter(pl.col("review")),
    )  # fmt: skip


def _give(vocabulary: Vocabulary, as_of: datetime, after: int, to: int) -> int:
    """Replace what is said of a stretch of customers; return of how many something is."""
    people = _people(as_of, after, to)
    found = pl.DataFrame(
        {
            "customer_id": people[USER].cast(pl.Int64),
            "interests": [_json(vocabulary.interests(words)) for words in people["words"]],
            "reviews": people["reviews"].cast(pl.Int64),
            "sentiment": pl.Series([mean_sentiment(told) for told in people["told"]], dtype=pl.Float64),
        },
        schema_overrides={"interests": pl.String},
    ).with_columns(as_of=pl.lit(as_of))
    CustomerTexts.objects.filter(customer_id__gt=after, customer_id__lte=to).delete()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE text_found (LIKE profiles_customertexts) ON COMMIT DROP")
        copy_from_frame(found, "text_found")
        cursor.execute(_STORE)
        written = int(cursor.rowcount)
        cursor.execute("DROP TABLE text_found")
    return written


def _json(terms: list[tuple[str, float]]) -> str:
    return orjson.dumps([{"term": term, "weight": weight} for term, weight in terms]).decode()
