"""The rule language, version 2: a JSON tree that says who belongs to a segment.

    {"all": [rule, …]}   {"any": [rule, …]}   {"not": rule}
    {"field": "profile.recency_days", "op": "gte", "value": 30}
    {"event": "purchase", "category": "grocery/coffee", "count": {"gte": 3}, "within_days": 14}
    {"sequence": [{"event": "add_to_cart"}, {"event": "purchase"}], "within": {"hours": 24}, "absent": true}
    {"message": "opened", "of_last": 5, "count": {"eq": 0}}      {"coupon": "redeemed", "within_days": 90}
    {"segment": "champions"}
    {"share": {"percent": 10, "salt": "spring"}}
    {"top": {"field": "score.churn", "n": 1000}}

A comparison with something unknown is false, `ne` and `not_in` included; `{"not": …}` turns any
answer around. `{"all": []}` is everyone. docs/segments.md describes every part; version 1 is contained
in version 2 unchanged.
"""

from .limits import MAX_CONDITIONS, MAX_DEPTH, MAX_LIST, MAX_TEXT, RuleError, at
from .nodes import (
    Behaviour,
    Comparison,
    Condition,
    Group,
    Member,
    Message,
    Node,
    Not,
    Sequence,
    Share,
    Top,
    Where,
    Window,
)
from .reading import parse

__all__ = [
    "MAX_CONDITIONS",
    "MAX_DEPTH",
    "MAX_LIST",
    "MAX_TEXT",
    "Behaviour",
    "Comparison",
    "Condition",
    "Group",
    "Member",
    "Message",
    "Node",
    "Not",
    "RuleError",
    "Sequence",
    "Share",
    "Top",
    "Where",
    "Window",
    "at",
    "parse",
]
