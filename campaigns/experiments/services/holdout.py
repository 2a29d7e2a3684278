"""The global control group: opened, closed, and filled by the hash as people come."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from campaigns.experiments.models import GlobalHoldout, HoldoutMember
from campaigns.experiments.services.assigning import BUCKET_SQL
from campaigns.experiments.services.designing import DesignError
from campaigns.experiments.statistics.assignment import BUCKETS
from core.ids import uuid7

#: A control group above this costs more than it tells.
MOST = Decimal("0.2")

_FILL = """
INSERT INTO experiments_holdoutmember (holdout_id, customer_id, entered_at)
SELECT %s, customer.id, %s
  FROM customers_customer AS customer {among}
 WHERE {bucket} < %s
 ORDER BY customer.id
    ON CONFLICT (holdout_id, customer_id) DO NOTHING
"""


def current() -> GlobalHoldout | None:
    """Return the control group that holds now, or None."""
    return GlobalHoldout.objects.filter(ended_at=None).first()


@transaction.atomic
def open_holdout(*, share: Decimal, user: User | None, now: datetime, actor: str = "") -> GlobalHoldout:
    """Draw a new control group of this share of everybody; one that holds ends with it.

    A new period is a new draw, so that nobody is left alone for ever. 100,000 customers take about 0.4 s.
    Raises DesignError for a share that is nothing or too much.
    """
    if not 0 < share <= MOST:
        raise DesignError(
            _("The control group is more than nothing and at most %(most)s of all.") % {"most": f"{MOST:.0%}"}
        )
    close_holdout(user=user, now=now, actor=actor)
    holdout = GlobalHoldout.objects.create(salt=f"holdout-{uuid7()}", share=share, started_at=now)
    people = fill(holdout, now=now)
    audit.record(
        action="open_holdout", target=holdout, now=now, user=user, actor=actor,
        after={"share": str(share), "people": people},
    )  # fmt: skip
    return holdout


@transaction.atomic
def close_holdout(*, user: User | None, now: datetime, actor: str = "") -> GlobalHoldout | None:
    """End the control group: campaigns write to its people again. Who was in it, and when, is kept."""
    holdout = GlobalHoldout.objects.select_for_update().filter(ended_at=None).first()
    if holdout is None:
        return None
    HoldoutMember.objects.filter(holdout=holdout, left_at=None).update(left_at=now)
    holdout.ended_at = now
    holdout.save(update_fields=["ended_at"])
    audit.record(
        action="close_holdout", target=holdout, now=now, user=user, actor=actor,
        after={"ended_at": now.isoformat()},
    )  # fmt: skip
    return holdout


def fill(holdout: GlobalHoldout, *, now: datetime, among: tuple[str, Sequence[Any]] | None = None) -> int:
    """Take in those whom the hash chooses and who are not in yet; return how many.

    Everybody, or those of a query of `customer_id`: an audience is filled up before it is frozen, so that
    somebody who came an hour ago is left alone like the others.
    """
    joined, params = "", []
    if among is not None:
        sql, values = among
        joined = f"JOIN ({sql}) AS asked ON asked.customer_id = customer.id"
        params = list(values)
    with connection.cursor() as cursor:
        cursor.execute(
            _FILL.format(among=joined, bucket=BUCKET_SQL),
            [holdout.pk, now, *params, holdout.salt, round(float(holdout.share) * BUCKETS)],
        )
        return int(cursor.rowcount)
