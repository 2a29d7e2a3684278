"""Who was in which arm, and what merges, erasures and exports do with it."""

from customers.holdings import Rows, hold

from .models import Assignment, Exposure


def register() -> None:
    """Say what happens to this app's tables.

    Somebody in a test twice counts once, in the kept customer's arm. An erased person leaves the test;
    the looks that were taken keep their sums.
    """
    hold(
        Rows(
            Assignment,
            once=("experiment_id",),
            parts=((Exposure, "assignment_id"),),
            shown=("experiment__name", "variant__name", "propensity", "at"),
        )
    )
