"""Conditions about who holds the cart."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from campaigns.promotions.carts import Situation
from campaigns.promotions.vocabulary import RuleInvalid, decimal, only, texts, whole

#: The attributes of a customer under which the shop keeps member tier and points.
TIER, POINTS = "tier", "points"


@dataclass(frozen=True, slots=True)
class InSegment:
    """The shopper is in one of the segments."""

    slugs: frozenset[str]
    needs: ClassVar[frozenset[str]] = frozenset({"segments"})
    on_cart: ClassVar[bool] = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "InSegment":
        """Read `any`, a list of segments' short names."""
        only(members, path, required=("any",))
        return cls(texts(members["any"], f"{path}.any"))

    def missing(self, situation: Situation) -> str | None:
        """Look whether the shopper is in one of them."""
        if self.slugs & situation.shopper.segments:
            return None
        return _("This offer is for another group of customers.")


@dataclass(frozen=True, slots=True)
class OfPersona:
    """The shopper is of one of the personas."""

    numbers: frozenset[int]
    needs: ClassVar[frozenset[str]] = frozenset({"persona"})
    on_cart: ClassVar[bool] = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "OfPersona":
        """Read `any`, a list of personas' numbers."""
        only(members, path, required=("any",))
        numbers = members["any"]
        if not isinstance(numbers, list) or not numbers:
            raise RuleInvalid(f"{path}.any", _("Write a list with at least one entry."))
        return cls(frozenset(whole(number, f"{path}.any", least=0, most=1000) for number in numbers))

    def missing(self, situation: Situation) -> str | None:
        """Compare with the shopper's persona."""
        if situation.shopper.persona in self.numbers:
            return None
        return _("This offer is for another group of customers.")


@dataclass(frozen=True, slots=True)
class FirstOrder:
    """The shopper is known and has not bought yet."""

    needs: ClassVar[frozenset[str]] = frozenset({"bought"})
    on_cart: ClassVar[bool] = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "FirstOrder":
        """Read nothing."""
        only(members, path)
        return cls()

    def missing(self, situation: Situation) -> str | None:
        """Look at the number of earlier orders."""
        if situation.shopper.orders is None:
            return _("This offer is for a customer's first order; say who the customer is.")
        return None if situation.shopper.orders == 0 else _("This offer is for a first order.")


@dataclass(frozen=True, slots=True)
class OrderCount:
    """The shopper has placed so many orders before this one."""

    least: int
    most: int | None
    needs: ClassVar[frozenset[str]] = frozenset({"orders"})
    on_cart: ClassVar[bool] = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "OrderCount":
        """Read `min` and `max`; one of them is needed."""
        only(members, path, optional=("min", "max"))
        if not members:
            raise RuleInvalid(path, _("Give “min”, “max” or both."))
        least = whole(members.get("min", 0), f"{path}.min", least=0)
        most = whole(members["max"], f"{path}.max", least=0) if "max" in members else None
        if most is not None and least > most:
            raise RuleInvalid(path, _("“min” must not be above “max”."))
        return cls(least, most)

    def missing(self, situation: Situation) -> str | None:
        """Compare with the number of earlier orders."""
        orders = situation.shopper.orders
        if orders is None:
            return _("This offer goes by earlier orders; say who the customer is.")
        if orders < self.least:
            return _("This offer is for customers with at least %(least)d orders.") % {"least": self.least}
        if self.most is not None and orders > self.most:
            return _("This offer is for customers with at most %(most)d orders.") % {"most": self.most}
        return None


@dataclass(frozen=True, slots=True)
class HasAttribute:
    """An attribute of the customer is one of some values, or a number within bounds."""

    name: str
    values: frozenset[str]
    least: Decimal | None
    most: Decimal | None
    needs: ClassVar[frozenset[str]] = frozenset({"attributes"})
    on_cart: ClassVar[bool] = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "HasAttribute":
        """Read `name` with `any` (texts), or with `min` and `max` (numbers)."""
        only(members, path, required=("name",), optional=("any", "min", "max"))
        name = members["name"]
        if not isinstance(name, str) or not 0 < len(name) <= 100:
            raise RuleInvalid(f"{path}.name", _("Name the attribute."))
        return cls._read(name, members, path)

    @classmethod
    def parse_tier(cls, members: dict[str, Any], path: str) -> "HasAttribute":
        """Read `any`, a list of member tiers."""
        only(members, path, required=("any",))
        return cls._read(TIER, members, path)

    @classmethod
    def parse_points(cls, members: dict[str, Any], path: str) -> "HasAttribute":
        """Read `min` and `max`, a number of member points."""
        only(members, path, optional=("min", "max"))
        return cls._read(POINTS, members, path)

    @classmethod
    def _read(cls, name: str, members: dict[str, Any], path: str) -> "HasAttribute":
        least, most = (
            decimal(members[bound], f"{path}.{bound}") if bound in members else None
            for bound in ("min", "max")
        )
        if ("any" in members) is (least is not None or most is not None):
            raise RuleInvalid(path, _("Give either “any”, or “min” and “max”."))
        values = texts(members["any"], f"{path}.any") if "any" in members else frozenset()
        return cls(name, values, least, most)

    def missing(self, situation: Situation) -> str | None:
        """Compare with the customer's attribute; texts regardless of case."""
        value = situation.shopper.attributes.get(self.name)
        if value is not None and (self._among(value) if self.values else self._within(value)):
            return None
        if self.name == TIER:
            return _("This offer is for members of: %(tiers)s.") % {"tiers": ", ".join(sorted(self.values))}
        if self.name == POINTS and self.least is not None:
            return _("This offer needs at least %(least)s points.") % {"least": f"{self.least:f}"}
        return _("This offer is for another group of customers.")

    def _among(self, value: Any) -> bool:
        held = value if isinstance(value, list) else [value]
        return bool({str(v).casefold() for v in held} & {v.casefold() for v in self.values})

    def _within(self, value: Any) -> bool:
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return False
        return (
            number.is_finite()
            and (self.least is None or number >= self.least)
            and (self.most is None or number <= self.most)
        )
