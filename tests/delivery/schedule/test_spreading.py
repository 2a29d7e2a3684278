"""A launch spread over hours: each minute its share, nobody forgotten, the same however often it is asked."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from delivery.models import Message
from delivery.schedule.spreading import spread
from delivery.services import launch
from tests.delivery.source import register
from tests.factories.delivery import audience_of, make_customers

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)


def rows(query):
    with connection.cursor() as cursor:
        cursor.execute(*query)
        return {customer: due for customer, _held, _context, due in cursor.fetchall()}


def test_each_minute_has_its_share_and_the_order_is_drawn_by_lot():
    make_customers(240, now=NOW)
    audience = audience_of(now=NOW)
    found = rows(spread(audience, timedelta(hours=2), seed="spring"))
    assert Counter(Counter(found.values()).values()) == {2: 120}  # two in each of 120 minutes
    assert (min(found.values()), max(found.values())) == (NOW, NOW + timedelta(minutes=119))
    assert rows(spread(audience, timedelta(hours=2), seed="spring")) == found
    assert rows(spread(audience, timedelta(hours=2), seed="summer")) != found
    by_id = [found[pk] for pk in sorted(found)]
    assert by_id != sorted(by_id)


def test_those_held_out_take_no_places_and_who_is_late_stays_late():
    make_customers(90, now=NOW)
    sql, params = audience_of(now=NOW, held_out="mod(id, 3) = 0")
    late = (
        "SELECT customer_id, held_out, context, CASE WHEN mod(customer_id, 3) < 2 THEN due_at END AS due_at"
    )
    late += f" FROM ({sql}) x"
    found = rows(spread((late, params), timedelta(minutes=30), seed="s"))
    assert sum(due is None for due in found.values()) == 30
    written = Counter(due for pk, due in found.items() if pk % 3 == 1)
    assert written == {NOW + timedelta(minutes=k): 1 for k in range(30)}


def test_the_outbox_takes_a_spread_audience():
    register().__init__()
    make_customers(6, now=NOW)
    launch(
        source="tests", reference="x", channel="email", topic="marketing", as_of=NOW, now=NOW,
        audience=spread(audience_of(now=NOW), timedelta(hours=1), seed="x"),
    )  # fmt: skip
    dues = sorted(Message.objects.values_list("due_at", flat=True))
    assert dues == [NOW + timedelta(minutes=10 * k) for k in range(6)]
