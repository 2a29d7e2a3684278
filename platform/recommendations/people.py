"""What recommendations keep about people, and what merges, erasures and exports do with it."""

from customers.holdings import Rows, hold
from recommendations.models import Decision, RecommendationList


def register() -> None:
    """Say what happens to this app's tables."""
    hold(
        Rows(
            RecommendationList,
            once=("model_version_id", "objective"),
            shown=(
                "model_version__strategy__key",
                "objective",
                "product_ids",
                "scores",
                "reasons",
                "fallback",
            ),
        )
    )
    hold(Rows(Decision, shown=("slot", "context", "action", "propensity", "reward", "at")))
