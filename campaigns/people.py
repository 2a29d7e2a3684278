"""What merges, erasures and exports do with what set triggered campaigns off."""

from campaigns.models import Firing
from campaigns.schedule.models import PersonHour
from customers.holdings import Rows, hold


def register() -> None:
    """A trigger follows its customer, so that a merged person is not written to for the same thing twice."""
    hold(Rows(Firing, once=("campaign_id", "key"), shown=("campaign__name", "occurred_at")))
    hold(Rows(PersonHour, once=(), shown=("hour", "rate", "acts", "sent")))
