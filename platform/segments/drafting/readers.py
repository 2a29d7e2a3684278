"""What one clause says, in either language.

Its expressions may come in any order, since English and Chinese order them differently: the verb, how
much, of what, and when are told apart by what they are.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from segments.drafting.clauses import Clause, Said
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
    Thing,
    Top,
)
from segments.drafting.tokens import Type


def meanings_of(clause: Clause, before: Said | None) -> list[Meaning]:
    """Return what a clause says: at most one thing done or measured, and any number of plain facts."""
    main = (
        _last_messages, _spent, _did, _by_rank, _share, _segment, _compared, _text, _dated, _back, _again,
    )  # fmt: skip
    first = next((meaning for reader in main if (meaning := reader(clause, before)) is not None), None)
    if isinstance(first, InSegment):
        return [first]
    facts = [reader(clause) for reader in (_birthday, _choice, _fact, _place)]
    return [meaning for meaning in (first, *facts) if meaning is not None]


def _amount(clause: Clause) -> tuple[str, Any, str | None] | None:
    """Return (op, value, unit): "at least 3 times", "100 or more", "between 2 and 5 orders"."""
    unit = clause.one(Type.UNIT)
    if times := clause.one(Type.TIMES):
        compared = clause.one(Type.COMPARED)
        return compared.value if compared else times.value[0], times.value[1], "count"
    if between := clause.one(Type.RANGE):
        return "between", [_whole(v) for v in between.value], unit.value if unit else None
    numbers = clause.all(Type.NUMBER)
    if not numbers:
        return None
    compared = clause.one(Type.COMPARED)
    return compared.value if compared else "eq", _whole(numbers[0].value), unit.value if unit else None


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value


def _hours(clause: Clause) -> int | None:
    window = clause.one(Type.WINDOW, Type.SPAN)
    return window.value if window else None


def _thing(clause: Clause) -> Thing | None:
    found = clause.all(Type.WORD, Type.QUOTED)
    things = [token.value for token in found if isinstance(token.value, Thing)]
    if not things:
        return None
    kind = things[0].kind
    return Thing(
        kind, tuple(dict.fromkeys(v for thing in things if thing.kind == kind for v in thing.values))
    )


def _last_messages(clause: Clause, before: Said | None) -> Meaning | None:
    last, verb = clause.one(Type.LAST), clause.one(Type.VERB)
    if last is None or verb is None or verb.value not in ("message_opened", "message_clicked"):
        return None
    amount = _amount(clause)
    if clause.denied or clause.one(Type.NONE):
        return LastMessages(verb.value, last.value, "eq", 0)
    op, value, _unit = amount or ("gte", 1, None)
    return LastMessages(verb.value, last.value, op, int(value))


def _spent(clause: Clause, before: Said | None) -> Meaning | None:
    if clause.one(Type.SPEND) is None or (amount := _amount(clause)) is None:
        return None
    op, value, _unit = amount
    op = "gte" if op == "eq" else op
    hours, thing = _hours(clause), _thing(clause)
    if hours is None and thing is None:
        return Compared("profile.revenue", op, value)
    return Did("purchase", op, value, "amount", hours, thing)


def _did(clause: Clause, before: Said | None) -> Meaning | None:
    verb = clause.one(Type.VERB)
    if verb is None:
        return None
    hours, thing, amount = _hours(clause), _thing(clause), _amount(clause)
    if verb.value == "abandoned":
        return Followed(Did("add_to_cart", hours=hours or 7 * DAY), Did("purchase", never=True), DAY)
    if (clause.denied or clause.one(Type.NONE)) and amount is None:
        return Did(verb.value, hours=hours, thing=thing, never=True)
    op, value, unit = amount or ("gte", 1, "count")
    return Did(verb.value, op, value, unit or "count", hours, thing)


def _again(clause: Clause, before: Said | None) -> Meaning | None:
    """Read "and never wine", "or tea": the verb of the clause before it."""
    thing = _thing(clause)
    if before is None or not isinstance(before.meaning, Did) or thing is None:
        return None
    if clause.denied:
        return Did(before.meaning.event, hours=_hours(clause), thing=thing, never=True)
    if amount := _amount(clause):
        op, value, unit = amount
        return Did(before.meaning.event, op, value, unit or "count", _hours(clause), thing)
    return replace(before.meaning, thing=thing, hours=_hours(clause) or before.meaning.hours)


def _by_rank(clause: Clause, before: Said | None) -> Meaning | None:
    top, figure = clause.one(Type.TOP), clause.one(Type.FIELD, Type.SPEND)
    if top is None:
        return None
    return Top(top.value, figure.value if figure and figure.value else "profile.revenue")


def _birthday(clause: Clause) -> Meaning | None:
    token = clause.one(Type.BIRTHDAY)
    return Birthday(token.value) if token else None


def _share(clause: Clause, before: Said | None) -> Meaning | None:
    token = clause.one(Type.SHARE)
    return Share(token.value) if token and 0 < token.value < 1 else None


def _segment(clause: Clause, before: Said | None) -> Meaning | None:
    named = clause.one(Type.SEGMENT)
    if named is None:
        return None
    after = [t for t in clause.tokens if t.start >= named.end and t.type is not Type.NOISE]
    name = " ".join(t.value if t.type is Type.QUOTED else t.text for t in after)
    return InSegment(name) if name else None


def _compared(clause: Clause, before: Said | None) -> Meaning | None:
    known = clause.one(Type.FIELD)
    amount = _amount(clause)
    if known is None and amount and amount[2] == "orders" and not clause.one(Type.VERB):
        return Compared("profile.orders", amount[0], amount[1])
    if known is None or amount is None:
        return None
    op, value, _unit = amount
    if clause.one(Type.PERCENT):
        value = [round(v / 100, 6) for v in value] if isinstance(value, list) else round(value / 100, 6)
    return Compared(known.value, op, value)


def _text(clause: Clause, before: Said | None) -> Meaning | None:
    known = clause.one(Type.TEXT_FIELD)
    words = [token.text.strip("“”\"'「」") for token in clause.all(Type.WORD, Type.QUOTED)]
    return Compared(known.value, "eq", " ".join(words)) if known and words else None


def _dated(clause: Clause, before: Said | None) -> Meaning | None:
    known = clause.one(Type.ACTUAL)
    if known is None:
        return None
    if ago := clause.one(Type.AGO):
        return Compared(known.value, "older_than_days", max(1, ago.value // DAY))
    hours = _hours(clause)
    return Compared(known.value, "within_days", max(1, hours // DAY)) if hours else None


def _back(clause: Clause, before: Said | None) -> Meaning | None:
    """Read "not back in 60 days", "quiet for 60 days"."""
    token, hours = clause.one(Type.BACK), _hours(clause)
    if token is None or hours is None:
        return None
    silent = token.text.lower() in ("quiet", "inactive", "silent")
    gone = clause.denied is not silent
    return Compared("profile.recency_days", "gte" if gone else "lt", max(1, hours // DAY))


def _choice(clause: Clause) -> Meaning | None:
    chosen = [token.value for token in clause.all(Type.CHOICE)]
    if not chosen:
        return None
    name = chosen[0][0]
    values = [value for other, value in chosen if other == name]
    return Compared(name, "eq", values[0]) if len(values) == 1 else Compared(name, "in", values)


def _fact(clause: Clause) -> Meaning | None:
    token = clause.one(Type.FACT)
    return Compared(token.value, "eq", True) if token else None


def _place(clause: Clause) -> Meaning | None:
    codes = [token.value for token in clause.all(Type.COUNTRY)]
    if not codes:
        return None
    return (
        Compared("customer.country", "eq", codes[0])
        if len(codes) == 1
        else Compared("customer.country", "in", codes)
    )


def left_over(clause: Clause, meanings: Sequence[Meaning]) -> str:
    """Return the words that no meaning took up."""
    if any(isinstance(meaning, InSegment) for meaning in meanings) or clause.one(Type.TEXT_FIELD):
        return ""
    return " ".join(token.text for token in clause.all(Type.WORD) if not isinstance(token.value, Thing))
