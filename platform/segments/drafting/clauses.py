"""A sentence cut into clauses: what stands between two connectors (and, or, a comma)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from segments.drafting.meanings import Meaning
from segments.drafting.tokens import Token, Type


@dataclass(frozen=True, slots=True)
class Said:
    """What (part of) a clause means, whether it is denied, and where it stands in the sentence."""

    meaning: Meaning
    denied: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Unclear:
    """A part of the sentence that nothing was made of; nothing in the shop is called `words`."""

    start: int
    end: int
    words: str = ""


@dataclass(slots=True)
class Clause:
    """The tokens between two connectors; `joined` is the connector before it."""

    joined: Type
    tokens: list[Token] = field(default_factory=list)

    def all(self, *types: Type) -> list[Token]:
        """Return the tokens of some types."""
        return [token for token in self.tokens if token.type in types]

    def one(self, *types: Type) -> Token | None:
        """Return the first token of some types."""
        return next(iter(self.all(*types)), None)

    @property
    def denied(self) -> bool:
        """Say whether it is said with an odd number of nots."""
        return len(self.all(Type.NOT)) % 2 == 1

    @property
    def empty(self) -> bool:
        """Say whether it holds nothing but filling."""
        return all(token.type is Type.NOISE for token in self.tokens)


def split(tokens: Iterable[Token]) -> list[Clause]:
    """Cut at the connectors. Neighbouring connectors count as one: an or wins, then a then."""
    clauses = [Clause(Type.AND)]
    for token in _lists_kept(list(tokens)):
        if token.type not in (Type.AND, Type.OR, Type.THEN):
            clauses[-1].tokens.append(token)
        elif not clauses[-1].empty:
            clauses.append(Clause(token.type))
        elif token.type is not Type.AND:
            clauses[-1].joined = token.type
    return [clause for clause in clauses if not clause.empty]


def _lists_kept(tokens: list[Token]) -> list[Token]:
    """Drop the "or" within "champions or loyal", which is one condition with two values."""
    kept: list[Token] = []
    telling = [token for token in tokens if token.type is not Type.NOISE]
    for before, token, after in zip([None, *telling], telling, [*telling[1:], None], strict=False):
        alike = before and after and before.type is after.type and before.type in (Type.CHOICE, Type.COUNTRY)
        if token.type is Type.OR and alike:
            kept.append(token)
    return [token for token in tokens if token not in kept]
