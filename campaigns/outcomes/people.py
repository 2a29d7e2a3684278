"""What merges, erasures and exports do with attributed orders."""

from campaigns.outcomes.models import Attribution
from customers.holdings import Rows, hold


def register() -> None:
    """Attributed orders follow their customer; the next computation writes the same."""
    hold(
        Rows(
            Attribution,
            once=("model", "order_id"),
            shown=("model", "order_id", "source", "reference", "channel", "touch", "touched_at", "amount"),
        )
    )
