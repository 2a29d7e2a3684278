"""What profiling finds on Complete Journey: `python -m recommender.profiling.complete_journey [CUT …]`.

Personas (how many, how stable, how small the smallest), classes (rules, tree and forest on one split) and
the lifecycle (the chain and what it expects), from what lies before each cut. The last line is JSON.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from recommender.profiling.classes import compare_classes
from recommender.profiling.clustering import cluster
from recommender.profiling.features import BEHAVIOUR, customer_features
from recommender.profiling.lifecycle import chain, state_sizes, states_at
from recommender.profiling.rfm import rfm
from recommender.reading import moment
from recommender.scoring.complete_journey import CUTS, load
from recommender.scoring.features import SIMPLE
from recommender.scoring.features import features as known_at
from recommender.scoring.history import Past
from recommender.validation import cj28

DAY = 86_400.0
AHEAD = 84
#: What personas are asked of: the library's own choice, and what the platform takes from its profiles.
FEATURES = {
    "library": BEHAVIOUR,
    "platform": (*(name for name in BEHAVIOUR if name != "repeat_share"), "weekend_share"),
}


def measure(cut: str, past: Past) -> dict[str, Any]:
    """Return what was found at one cut."""
    at = moment(cut)
    interactions, _ = cj28.load()
    people = customer_features(interactions, cut)
    earlier, later = ranked(past, at - AHEAD * DAY), ranked(past, at)
    classes = compare_classes(earlier, later, [name for name in SIMPLE if name in earlier.columns])
    orders = past.baskets.select("user_id", "timestamp")
    moves = chain(orders, at)
    return {
        "cut": cut,
        "personas": {name: personas(people, features) for name, features in FEATURES.items()},
        "classes": {way.name: round(way.macro_f1, 3) for way in classes.ways},
        "differences": {
            way.name: [round(v, 3) for v in way.difference] for way in classes.ways if way.difference
        },
        "tested": classes.tested,
        "rules": [asdict(rule) for rule in classes.rules[:3]],
        "states": state_sizes(states_at(orders, at)),
        "to_lapse": dict(zip(moves.states, moves.to_lapse.round(0).tolist(), strict=True)),
        "expected": dict(zip(moves.states, moves.expected.round(1).tolist(), strict=True)),
    }


def personas(people: pl.DataFrame, features: Sequence[str]) -> dict[str, Any]:
    """Return how many personas there are, and how distinct, stable and large they are."""
    found = cluster(people, features)
    return {
        "k": found.k,
        "silhouette": round(found.silhouette, 3),
        "stability": round(found.stability, 3),
        "smallest": round(min(persona.share for persona in found.personas), 3),
        "names": [persona.name for persona in found.personas],
    }


def ranked(past: Past, at: float) -> pl.DataFrame:
    """Return features and RFM class at a moment."""
    frame = known_at(past, at)
    return rfm(frame, frequency="orders_84d", monetary="amount_84d")


def main() -> None:
    """Measure at every cut."""
    past = load()
    found = [measure(cut, past) for cut in sys.argv[1:] or CUTS]
    for line in found:
        sys.stderr.write(json.dumps(line, indent=1) + "\n")
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
