"""How much an audience shares with the segments there are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from segments.compiler import compile_rule
from segments.models import Segment
from segments.preview import SECONDS
from segments.query import compose
from segments.rules import RuleError
from segments.selectors import display_name
from segments.timeouts import TookTooLongError, statement_timeout

_SQL = """
WITH matched AS MATERIALIZED ({members})
SELECT NULL, count(*) FROM matched
UNION ALL
SELECT m.segment_id::text, count(*) FROM matched
JOIN segments_segmentmembership m ON m.customer_id = matched.customer_id
WHERE m.left_at IS NULL AND m.segment_id = ANY({segments}::uuid[]) GROUP BY m.segment_id
"""


def overlap(
    rule: dict[str, Any],
    *,
    as_of: datetime,
    slug: str | None = None,
    others: Sequence[Segment] | None = None,
) -> dict[str, Any]:
    """Return `{"size", "segments": [{"slug", "name", "size", "both"}]}`, the largest overlap first.

    The others (all, unless they are given) count as their last refresh left them. Raises RuleError.
    """
    if others is None:
        others = list(Segment.objects.exclude(slug=slug or "").exclude(size=None))
    query = compose(
        _SQL,
        members=compile_rule(rule, as_of=as_of, slug=slug),
        segments=[str(segment.pk) for segment in others],
    )
    try:
        with statement_timeout(SECONDS, over_everybody=True), connection.cursor() as cursor:
            cursor.execute(query.sql, query.params)
            both = dict(cursor.fetchall())
    except TookTooLongError as error:
        raise RuleError("", _("Comparing takes more than %(n)d s.") % {"n": SECONDS}) from error
    rows = [
        {"slug": s.slug, "name": display_name(s), "size": s.size or 0, "both": both.get(str(s.pk), 0)}
        for s in others
    ]
    return {"size": both[None], "segments": sorted(rows, key=lambda row: (-row["both"], row["slug"]))}
