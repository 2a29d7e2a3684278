"""What merges, erasures and exports do with plans of offers."""

from customers.holdings import Rows, hold

from .models import KnownThen, PlannedOffer


def register() -> None:
    """Who stands in a plan twice keeps the kept customer's row; sums of a plan stay as they were."""
    hold(
        Rows(PlannedOffer, once=("plan_id",), shown=("plan__name", "value__pool__name", "held_out", "facts"))
    )
    hold(Rows(KnownThen, once=("experiment_id",), shown=("experiment__name", "facts")))
