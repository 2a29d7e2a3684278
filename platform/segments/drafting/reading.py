"""What the clauses of a sentence say together.

"Bought coffee and never wine": a clause without a verb takes the one before it. "Added to cart, then no
purchase within a day": two clauses are one condition.
"""

from collections.abc import Sequence
from dataclasses import replace

from segments.drafting.clauses import Clause, Said, Unclear
from segments.drafting.meanings import DAY, Compared, Did, Followed, LastMessages, Meaning
from segments.drafting.readers import left_over, meanings_of
from segments.drafting.tokens import Type


def read(clauses: Sequence[Clause]) -> list[tuple[Type, Said | Unclear]]:
    """Return what each clause says, with the connector before it."""
    found: list[tuple[Type, Said | Unclear]] = []
    for clause in clauses:
        before = next((said for _joined, said in reversed(found) if isinstance(said, Said)), None)
        start, end = clause.tokens[0].start, clause.tokens[-1].end
        meanings = meanings_of(clause, before)
        words = left_over(clause, meanings)
        if not meanings or words:
            found.append((clause.joined, Unclear(start, end, words)))
            continue
        denied = clause.denied and not any(map(_denies_itself, meanings))
        parts = [Said(meaning, denied, start, end) for meaning in meanings]
        if before and (joined := _followed(before, parts[0], clause)):
            found[-1] = (found[-1][0], joined)
            parts = parts[1:]
        for index, part in enumerate(parts):
            found.append((Type.AND if index else clause.joined, part))
    return _shared(found)


def _denies_itself(meaning: Meaning) -> bool:
    """Say whether the not is part of the meaning already."""
    match meaning:
        case Did():
            return meaning.never
        case LastMessages():
            return True
        case Compared(field="profile.recency_days"):
            return True
    return False


def _followed(before: Said, said: Said, clause: Clause) -> Said | None:
    """Join "added to cart" and "then no purchase within 24 hours"."""
    first, second = before.meaning, said.meaning
    if not isinstance(first, Did) or not isinstance(second, Did) or first.never or before.denied:
        return None
    span = clause.one(Type.SPAN)
    if clause.joined is not Type.THEN and not (span and second.never and first.event != second.event):
        return None
    hours = span.value if span else second.hours or DAY
    return Said(Followed(first, replace(second, hours=None), hours), False, before.start, said.end)


def _shared(found: list[tuple[Type, Said | Unclear]]) -> list[tuple[Type, Said | Unclear]]:
    """Let "coffee or tea at least 3 times in 30 days" say the same of both."""
    for index in range(len(found) - 1, 0, -1):
        joined, said = found[index]
        earlier = found[index - 1][1]
        if joined is not Type.OR or not isinstance(said, Said) or not isinstance(earlier, Said):
            continue
        one, other = earlier.meaning, said.meaning
        if isinstance(one, Did) and isinstance(other, Did) and _says_less(one, other):
            found[index - 1] = (
                found[index - 1][0],
                replace(earlier, meaning=replace(other, thing=one.thing)),
            )
    return found


def _says_less(one: Did, other: Did) -> bool:
    """Say whether how often and when was left to the second of two."""
    bare = one.bare and one.hours is None and one.thing is not None
    return bare and one.event == other.event and not (one.never or other.never)
