"""The strategies that every shop starts with, and who serves until a measurement says otherwise."""

from datetime import datetime

from django.utils.translation import gettext_noop as _

from recommendations.models import Champion, Objective, Strategy

#: (key = the recommender's model name, name, lists kept ready for everybody, trained from the start)
STARTERS: tuple[tuple[str, str, bool, bool], ...] = (
    ("popularity", _("Best-sellers"), True, True),
    ("own-frequency", _("Bought again and again"), False, True),
    ("user-knn", _("What similar customers buy"), False, True),
    ("item-knn", _("What goes with their products"), False, True),
    ("content", _("Similar products"), False, True),
    ("als", _("Hidden tastes (ALS)"), False, True),
    ("hybrid", _("Best of all (hybrid)"), True, True),
    # Better where there is enough to learn from, and minutes of training: a marketer's decision.
    ("two-stage", _("Learned ranking (two-stage)"), False, False),
    ("auto", _("Chosen by your own history (auto)"), False, False),
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
            Strategy(key=key, name=name, family=key, precompute=ready, active=active, created_at=now)
            for key, name, ready, active in STARTERS
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
