"""A minute of what tests/events/test_sudden_death.py does for eight seconds."""

import pytest

from events.models import Event, EventKey
from tests.events.web import overlap, web_server
from tests.factories.accounts import make_key


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_a_minute_of_overlapping_batches(tmp_path):
    with web_server(tmp_path / "web.log") as web:
        assert overlap(web, make_key(), clients=8, seconds=60) == {202}
    assert "deadlock" not in (tmp_path / "web.log").read_text()
    assert Event.objects.count() == EventKey.objects.count()
