"""People of two countries, and a segment of one."""

from datetime import timedelta

import pytest

from customers.services import upsert_customers
from segments.models import Segment
from segments.refresh import refresh_segment
from segments.services import save_segment
from tests.console.segments.asking import NOW, RULE


@pytest.fixture
def people(db):
    found = upsert_customers(
        [
            {
                "external_id": f"c{n}", "first_name": "Ann", "last_name": f"No{n}",
                "email": f"c{n}@demo.invalid", "country": "DE" if n < 3 else "FR",
            }
            for n in range(5)
        ],
        NOW - timedelta(days=1),
    )  # fmt: skip
    return found.ids


@pytest.fixture
def segment(people):
    made = save_segment(Segment(name="Germans", rule=RULE), now=NOW)
    refresh_segment(made, as_of=NOW, now=NOW)
    return made
