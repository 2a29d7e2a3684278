"""What was said, as a rule tree."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segments.drafting.clauses import Said
from segments.drafting.meanings import (
    DAY,
    Birthday,
    Compared,
    Did,
    Followed,
    InSegment,
    LastMessages,
    Meaning,
    Share,
    Top,
)
from segments.drafting.tokens import Type

Rule = dict[str, Any]
_OF_MESSAGES = {"message_opened": "opened", "message_clicked": "clicked", "message_sent": "sent"}
_OF_COUPONS = {"coupon_redeemed": "redeemed", "coupon_assigned": "assigned"}


class UnknownSegmentError(LookupError):
    """No segment of the name that was said."""


def leaf(meaning: Meaning, segments: Mapping[str, str], *, salt: str) -> Rule:
    """Return the condition; `segments` are short names by lower-case name. Raises UnknownSegmentError."""
    match meaning:
        case Did():
            return _did(meaning)
        case Followed():
            return {
                "sequence": [_did(meaning.first, step=True), _did(meaning.second, step=True)],
                "within": {"hours": meaning.hours},
                **({"absent": True} if meaning.second.never else {}),
            }
        case Compared():
            return {"field": meaning.field, "op": meaning.op, "value": meaning.value}
        case LastMessages():
            return {
                "message": _OF_MESSAGES[meaning.event],
                "of_last": meaning.of,
                "count": {meaning.op: meaning.value},
            }
        case Birthday():
            return {
                "field": "customer.birthday", "op": "in_next_days", "value": meaning.days, "zone": "customer"
            }  # fmt: skip
        case Top():
            return {"top": {"field": meaning.field, "n": meaning.people, "order": "desc"}}
        case Share():
            return {"share": {"percent": round(meaning.share * 100, 4), "salt": salt}}
        case InSegment():
            slug = segments.get(meaning.name.lower())
            if slug is None:
                raise UnknownSegmentError(meaning.name)
            return {"segment": slug}


def _did(did: Did, *, step: bool = False) -> Rule:
    if did.event in _OF_MESSAGES:
        rule: Rule = {"message": _OF_MESSAGES[did.event]}
    elif did.event in _OF_COUPONS:
        rule = {"coupon": _OF_COUPONS[did.event]}
    else:
        rule = {"event": did.event}
        if did.thing:
            values = did.thing.values
            rule[did.thing.kind] = values[0] if len(values) == 1 else list(values)
    if did.hours is not None and did.hours % DAY == 0:
        rule["within_days"] = did.hours // DAY
    elif did.hours is not None:
        rule["within"] = {"hours": did.hours}
    if step:
        return rule
    if did.never:
        return _never(rule)
    return rule if did.bare else {**rule, did.measure: {did.op: did.value}}


def _never(rule: Rule) -> Rule:
    return {**rule, "count": {"eq": 0}} if "message" in rule else {**rule, "never": True}


def tree(said: Sequence[tuple[Type, Said]], make: Callable[[Said], Rule | None]) -> Rule:
    """Join the conditions: "and" binds closer than "or". What `make` has nothing for is left out."""
    groups: list[list[Rule]] = [[]]
    for joined, one in said:
        if joined is Type.OR and groups[-1]:
            groups.append([])
        rule = make(one)
        if rule is not None:
            groups[-1].append({"not": rule} if one.denied else rule)
    groups = [group for group in groups if group]
    if len(groups) > 1:
        return {"any": [group[0] if len(group) == 1 else {"all": group} for group in groups]}
    return {"all": groups[0] if groups else []}
