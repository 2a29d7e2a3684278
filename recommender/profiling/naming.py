"""Name a group from what distinguishes it: traits for programs, plain words for people."""

from collections.abc import Sequence
from dataclasses import dataclass

from recommender.arrays import Float64

#: Standard deviations from the whole from which a trait counts, and from which it is strong.
NOTABLE, STRONG = 0.4, 1.2
MOST_TRAITS = 3
LEVELS = ("very_low", "low", "high", "very_high")

#: feature: (words when low, words when high). Others are named by their column.
WORDS = {
    "recency_days": ("bought lately", "long away"),
    "tenure_days": ("new", "long known"),
    "mean_gap_days": ("short gaps", "long gaps"),
    "baskets": ("few baskets", "many baskets"),
    "baskets_per_week": ("rare visits", "frequent visits"),
    "basket_value": ("small baskets", "big baskets"),
    "basket_items": ("few items a basket", "many items a basket"),
    "amount": ("low spend", "high spend"),
    "distinct_items": ("narrow choice", "wide choice"),
    "repeat_share": ("tries new things", "buys the same again"),
    "discount_share": ("low discount use", "high discount use"),
    "weekend_share": ("weekdays", "weekends"),
    "morning_share": ("seldom mornings", "mornings"),
    "evening_share": ("seldom evenings", "evenings"),
}


@dataclass(frozen=True)
class Trait:
    """One thing that sets a group apart; ``level`` is very_low, low, high or very_high.

    ``deviation`` is the distance of the group's mean from everybody's, in standard deviations.
    """

    feature: str
    level: str
    deviation: float


@dataclass(frozen=True)
class Persona:
    """A group of customers; ``id`` survives refits, ``name`` is English, ``traits`` can be translated."""

    id: str
    name: str
    traits: tuple[Trait, ...]
    size: int
    share: float


def traits(centre: Float64, features: Sequence[str]) -> tuple[Trait, ...]:
    """Return what sets a centre (on scale, so that everybody's mean is 0) apart, strongest first."""
    order = sorted(range(len(features)), key=lambda place: (-abs(centre[place]), place))
    return tuple(
        Trait(features[place], level(float(centre[place])), float(centre[place]))
        for place in order
        if abs(centre[place]) >= NOTABLE
    )


def level(deviation: float) -> str:
    """Return the word for a deviation."""
    strong = abs(deviation) >= STRONG
    if deviation < 0:
        return "very_low" if strong else "low"
    return "very_high" if strong else "high"


def name_groups(found: Sequence[tuple[Trait, ...]]) -> list[tuple[str, tuple[Trait, ...]]]:
    """Return a distinct name and the traits in it for each group.

    Three traits at most name a group; where two names agree, further traits are added until they
    differ, and a number where nothing does.
    """
    chosen = [group[:MOST_TRAITS] for group in found]
    for more in range(MOST_TRAITS + 1, max((len(group) for group in found), default=0) + 1):
        names = [phrase(group) for group in chosen]
        chosen = [
            whole[:more] if names.count(name) > 1 else group
            for whole, group, name in zip(found, chosen, names, strict=True)
        ]
    named: list[tuple[str, tuple[Trait, ...]]] = []
    taken: dict[str, int] = {}
    for group in chosen:
        name = phrase(group)
        taken[name] = taken.get(name, 0) + 1
        named.append((name if taken[name] == 1 else f"{name} ({taken[name]})", group))
    return named


def phrase(group: Sequence[Trait]) -> str:
    """Return plain English words for traits."""
    if not group:
        return "Like most customers"
    text = ", ".join(_words(trait) for trait in group)
    return text[0].upper() + text[1:]


def _words(trait: Trait) -> str:
    low = trait.level in ("low", "very_low")
    if trait.feature in WORDS:
        words = WORDS[trait.feature][0 if low else 1]
    else:
        words = f"{'low' if low else 'high'} {trait.feature.replace('_', ' ')}"
    return f"very {words}" if trait.level.startswith("very_") and words.split()[0] in GRADED else words


GRADED = frozenset(
    {"few", "many", "rare", "frequent", "small", "big", "low", "high", "narrow", "wide", "long", "short"}
)
