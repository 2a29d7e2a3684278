"""The strategies that every shop starts with, and who serves until a measurement says otherwise."""

from datetime import datetime

from django.utils.translation import gettext_noop as _

from recommendations.models import Champion, Objective, Strategy

#: (key = the recommender's model name, name, lists kept ready for everybody)
STARTERS: tuple[tuple[str, str, bool], ...] = (
    ("popularity", _("Best-sellers"), True),
    ("own-frequency", _("Bought again and again"), False),
    ("user-knn", _("What similar customers buy"), False),
    ("item-knn", _("What goes with their products"), False),
    ("content", _("Similar products"), False),
    ("als", _("Hidden tastes (ALS)"), False),
    ("hybrid", _("Best of all (hybrid)"), True),
)
#: Where recommendations are used; a champion serves each use and objective.
USES = ("email",)
FIRST_CHAMPION = "popularity"


def use_key(use: str, objective: str) -> str:
    """Return the name under which a champion is kept, as `email:replenish`."""
    return f"{use}:{objective}"


def ensure_strategies(now: datetime) -> None:
    """Create the starter strategies and champions that are missing. Changes none that exist."""
    Strategy.objects.bulk_create(
        [
            Strategy(key=key, name=name, family=key, precompute=ready, created_at=now)
            for key, name, ready in STARTERS
        ],
        ignore_conflicts=True,
    )
    first = Strategy.objects.get(key=FIRST_CHAMPION)
    Champion.objects.bulk_create(
        [
            Champion(use=use_key(use, objective), strategy=first, since=now)
            for use in USES
            for objective in Objective.values
        ],
        ignore_conflicts=True,
    )
