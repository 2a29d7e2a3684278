"""Tuning decisions: what measurements change, by policy, with evidence, and back by one click."""

from recommendations.services.tuning.deciding import (
    Figures,
    Found,
    approve_decision,
    decline_decision,
    propose,
    roll_back,
    set_policy,
)
from recommendations.services.tuning.kinds import (
    StaleDecisionError,
    TuningKind,
    kinds,
    mode_of,
    modes,
    register,
)
from recommendations.services.tuning.shrinking import Expected
from recommendations.services.tuning.strategies import (
    Evidence,
    blend_prior,
    decide_blend,
    decide_strategy,
    strategy_name,
    use_name,
)

__all__ = [
    "Evidence",
    "Expected",
    "Figures",
    "Found",
    "StaleDecisionError",
    "TuningKind",
    "approve_decision",
    "blend_prior",
    "decide_blend",
    "decide_strategy",
    "decline_decision",
    "kinds",
    "mode_of",
    "modes",
    "propose",
    "register",
    "roll_back",
    "set_policy",
    "strategy_name",
    "use_name",
]
