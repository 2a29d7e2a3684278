"""Whose consent suffices where they live."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from customers.models import Consent
from delivery.models import Run, SkipReason
from delivery.rules.models import ConsentBasis

#: What makes a consent event (e) the proof of a double opt-in: our own question, or another's that is told.
PROVEN = """e.granted AND (e.proof ? 'opt_in' OR e.proof @> '{"double_opt_in": true}')"""
_CONFIRMED = f"""
SELECT DISTINCT e.customer_id FROM customers_consentevent e
 WHERE e.customer_id = ANY(%s) AND e.channel = %s AND e.topic = %s AND {PROVEN}
"""  # noqa: S608 (a constant)
_BOUGHT = """
SELECT id FROM unnest(%s::bigint[]) AS asked (id)
 WHERE EXISTS (SELECT FROM events_event e WHERE e.customer_id = asked.id AND e.type = 'purchase')
"""


def refused(run: Run, bases: Mapping[int, str]) -> dict[int, SkipReason]:
    """Return why those may not be written to whose market's basis (by customer) is not met.

    One query; one more where some market asks for proof of a double opt-in (a consent event whose proof
    names the question, or says `double_opt_in`), and one where a purchase is enough.
    """
    stated = dict(
        Consent.objects.filter(customer__in=bases, channel=run.channel, topic=run.topic).values_list(
            "customer_id", "granted"
        )
    )
    agreed = {pk for pk, granted in stated.items() if granted}
    doubly = [pk for pk in agreed if bases[pk] == ConsentBasis.DOUBLE_OPT_IN]
    silent = [pk for pk, basis in bases.items() if basis == ConsentBasis.SOFT_OPT_IN and pk not in stated]
    confirmed = _rows(_CONFIRMED, [doubly, run.channel, run.topic]) if doubly else set()
    bought = _rows(_BOUGHT, [silent]) if silent else set()
    reasons: dict[int, SkipReason] = {}
    for pk, basis in bases.items():
        if pk in agreed:
            if basis == ConsentBasis.DOUBLE_OPT_IN and pk not in confirmed:
                reasons[pk] = SkipReason.NOT_CONFIRMED
        elif pk in stated or not (pk in bought or basis == ConsentBasis.OPT_OUT):
            reasons[pk] = SkipReason.NO_CONSENT
    return reasons


def _rows(sql: str, params: Sequence[Any]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(params))
        return {pk for (pk,) in cursor.fetchall()}
