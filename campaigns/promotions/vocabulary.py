"""Read the JSON in which promotions are written; what is not understood is refused with its place."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from django.utils.translation import gettext as _

#: No amount, price or basket of a shop reaches this; larger numbers are mistakes or attacks.
LARGEST_AMOUNT = Decimal(10) ** 9
#: Bounds the work that one rule can ask for.
LARGEST_LIST = 10_000

T = TypeVar("T")


class RuleInvalid(ValueError):
    """A promotion's JSON does not follow the vocabulary. `path` says where, as `benefit.percent`."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        self.message = message
        super().__init__(f"{path}: {message}")


def decimal(value: Any, path: str, *, above: Decimal | None = None, places: int = 2) -> Decimal:
    """Return a finite, non-negative Decimal with at most `places` decimals.

    Accepts text and whole numbers; floats are refused, since they do not hold cents. `above` demands
    more than that value.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise RuleInvalid(path, _("Write the number as text, as “12.50”."))
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise RuleInvalid(path, _("“%(value)s” is not a number.") % {"value": str(value)[:40]}) from None
    if not number.is_finite():
        raise RuleInvalid(path, _("The number must be finite."))
    if number < 0 or (above is not None and number <= above):
        raise RuleInvalid(
            path, _("The number must be above %(least)s.") % {"least": above or _("or equal to 0")}
        )
    if number > LARGEST_AMOUNT:
        raise RuleInvalid(path, _("The number is too large."))
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        raise RuleInvalid(path, _("At most %(places)d decimals.") % {"places": places})
    return number


@dataclass(frozen=True, slots=True)
class Amounts:
    """An amount of money as a rule states it: one in the promotion's currency, or one for each currency."""

    by_currency: Mapping[str, Decimal]
    plain: Decimal | None = None

    @classmethod
    def parse(cls, value: Any, path: str, *, above: Decimal | None = None) -> "Amounts":
        """Read `"50.00"`, or `{"USD": "50.00", "EUR": "45.00"}`."""
        if not isinstance(value, dict):
            return cls({}, decimal(value, path, above=above))
        if not value:
            raise RuleInvalid(path, _("Give the amount in at least one currency."))
        for currency in value:
            check_currency(currency, path)
        return cls(
            {
                currency: decimal(amount, f"{path}.{currency}", above=above)
                for currency, amount in value.items()
            }
        )

    @classmethod
    def zero(cls) -> "Amounts":
        """Return nothing, in every currency."""
        return cls({}, None)

    def of(self, currency: str) -> Decimal:
        """Return the amount in a currency; what a promotion's check let through is there."""
        if self.plain is not None:
            return self.plain
        return self.by_currency[currency] if self.by_currency else Decimal(0)

    def lacks(self, currencies: frozenset[str]) -> frozenset[str]:
        """Return which of a promotion's currencies have no amount of their own."""
        if self.plain is not None:
            return frozenset() if len(currencies) == 1 else currencies
        return currencies - self.by_currency.keys() if self.by_currency else frozenset()


def parts_of(rule: Any, kind: type[T]) -> Iterator[T]:
    """Yield every part of a kind that a parsed rule has: the amounts of money that it states, say."""
    if isinstance(rule, kind):
        yield rule
    elif isinstance(rule, tuple):
        for part in rule:
            yield from parts_of(part, kind)
    elif is_dataclass(rule) and not isinstance(rule, type):
        for field in fields(rule):
            yield from parts_of(getattr(rule, field.name), kind)


def check_currency(value: Any, path: str) -> str:
    """Return a currency's code of three capitals."""
    if not (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isupper()):
        raise RuleInvalid(path, _("Write the currency as three capitals, as EUR."))
    return value


def whole(value: Any, path: str, *, least: int = 1, most: int = 1_000_000) -> int:
    """Return a whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise RuleInvalid(
            path,
            _("Write a whole number from %(least)d to %(most)d.") % {"least": least, "most": most},
        )
    return value


def texts(value: Any, path: str) -> frozenset[str]:
    """Return a non-empty list of texts as a set."""
    if not isinstance(value, list) or not value or len(value) > LARGEST_LIST:
        raise RuleInvalid(path, _("Write a list with at least one entry."))
    if not all(isinstance(entry, str) and entry for entry in value):
        raise RuleInvalid(path, _("Every entry must be a text."))
    return frozenset(value)


def moment(value: Any, path: str) -> datetime:
    """Return a date-time with its zone."""
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise RuleInvalid(path, _("Write a moment as 2026-03-01T08:00:00Z.")) from None
    if parsed.tzinfo is None:
        raise RuleInvalid(path, _("Name the zone, as in 2026-03-01T08:00:00Z."))
    return parsed


def period(members: Mapping[str, Any], path: str) -> tuple[datetime | None, datetime | None]:
    """Return the moments `from` (inclusive) and `until` (exclusive), either of which may be absent."""
    start, end = (
        moment(members[name], f"{path}.{name}") if name in members else None for name in ("from", "until")
    )
    if start and end and start >= end:
        raise RuleInvalid(path, _("“from” must lie before “until”."))
    return start, end


def pick(rule: Any, path: str, kinds: Mapping[str, Callable[[dict[str, Any], str], T]]) -> T:
    """Build the rule that `{"kind": …}` names. The builder takes the other members and the path."""
    if not isinstance(rule, dict):
        raise RuleInvalid(path, _("Write an object with a “kind”."))
    kind = rule.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise RuleInvalid(
            f"{path}.kind",
            _("“%(kind)s” is not known; there are: %(kinds)s.")
            % {"kind": str(kind)[:40], "kinds": ", ".join(kinds)},
        )
    return kinds[kind]({key: value for key, value in rule.items() if key != "kind"}, path)


def only(
    members: Mapping[str, Any], path: str, *, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()
) -> None:
    """Refuse missing and unknown members."""
    for name in required:
        if name not in members:
            raise RuleInvalid(f"{path}.{name}", _("This is missing."))
    for name in members:
        if name not in required and name not in optional:
            raise RuleInvalid(
                f"{path}.{str(name)[:40]}",
                _("This is not known here; there are: %(names)s.")
                % {"names": ", ".join((*required, *optional)) or _("no members")},
            )
