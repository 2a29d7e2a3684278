"""Every number of the simulated shop, as docs/loop.md fixes them; a test compares the two."""

from dataclasses import dataclass, fields

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Parameters:
    """Hold the shop's truth. Tuples run over personas, strategies, sensitivity classes or values."""

    # Who the customers are
    persona_shares: Numbers = (0.35, 0.25, 0.25, 0.15)
    persona_mistaken: float = 0.10
    # What they do by themselves
    organic: Numbers = (0.13, 0.08, 0.09, 0.10)
    organic_spread: float = 0.4
    organic_cap: float = 0.30
    cycle_swing: float = 0.3
    cycle_rounds: Numbers = (2, 6)
    season_swing: float = 0.15
    basket: Numbers = (38.0, 34.0, 42.0, 30.0)
    basket_spread_people: float = 0.2
    basket_spread_orders: float = 0.5
    margin_share: float = 0.40
    # What a message does
    lift: Numbers = (0.070, 0.070, 0.070, 0.015)
    lift_spread: float = 0.5
    lift_cap: float = 0.25
    match_popularity: Numbers = (0.20, 1.00, 0.30, 0.90)
    match_own_frequency: Numbers = (1.00, 0.15, 0.25, 0.20)
    match_user_knn: Numbers = (0.45, 0.50, 1.00, 0.30)
    match_hybrid: Numbers = (0.70, 0.70, 0.70, 0.60)
    taste_spread: float = 0.15
    match_cap: float = 1.2
    annoyed: Numbers = (0.03, 0.03, 0.03, 0.25)
    contact_cost: float = 0.01
    # What a coupon does
    classes_stocks: Numbers = (0.40, 0.35, 0.25)
    classes_trends: Numbers = (0.50, 0.30, 0.20)
    classes_explores: Numbers = (0.50, 0.30, 0.20)
    classes_alone: Numbers = (0.20, 0.30, 0.50)
    sensitivity: Numbers = (0.005, 0.040, 0.110)
    sensitivity_spread: float = 0.3
    sensitivity_cap: float = 0.15
    values: Numbers = (0.0, 0.05, 0.10, 0.15)
    response: Numbers = (0.0, 0.35, 0.85, 1.0)
    redeemed: Numbers = (0.40, 0.65, 0.90)
    past_orders: float = 6.0
    past_discounted: Numbers = (0.08, 0.35, 0.75)
    bands: Numbers = (0.20, 0.55)
    # What wears off, and what comes late
    fatigue_keeps: float = 0.5
    fatigue_costs: float = 0.3
    unsubscribe: float = 0.004
    unsubscribe_tired: float = 2.0
    popular_start: float = 0.3
    popular_keeps: float = 0.7
    popular_costs: float = 0.4
    late: Numbers = (0.55, 0.30, 0.15)
    # How long
    rounds: int = 8
    waves: int = 4

    def rows(self) -> list[tuple[str, str]]:
        """Return each parameter's name and its value as the page writes it."""
        return [(f.name, _written(getattr(self, f.name))) for f in fields(self)]


def _written(value: float | Numbers) -> str:
    return ", ".join(f"{v:g}" for v in value) if isinstance(value, tuple) else f"{value:g}"
