"""Spend so much, save so much: 满减, in tiers, again and again, on one shelf or across all (跨店满减)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from campaigns.promotions.carts import Cart, Situation
from campaigns.promotions.selections import Selection
from campaigns.promotions.vocabulary import Amounts, RuleInvalid, only, whole
from core.money import round_money

from .base import NOTHING, Discounts, Gain, selection_of, share
from .prices import percentage

MOST_TIERS = 20


@dataclass(frozen=True, slots=True)
class Tier:
    """From `spend` on, `save` is taken off, or `percent`."""

    spend: Amounts
    save: Amounts | None
    percent: Decimal

    def off(self, amount: Decimal, currency: str) -> Decimal:
        """Return what the tier takes off an amount that reaches it."""
        if self.save is not None:
            return min(self.save.of(currency), amount)
        return round_money(amount * self.percent / 100, currency)


@dataclass(frozen=True, slots=True)
class SpendSave:
    """The highest tier that the lines' sum reaches; with `every`, once for each full amount.

    All lines that are meant count together, whatever shelf they stand on; with `per_shelf` each shelf
    counts by itself.
    """

    tiers: tuple[Tier, ...]
    every: Tier | None
    times: int
    per_shelf: bool
    on: Selection
    kind: ClassVar[str] = "price"
    needs: ClassVar[frozenset[str]] = NOTHING

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "SpendSave":
        """Read `tiers` or `every`, `times` at most, `per_shelf` and `on`."""
        only(members, path, optional=("tiers", "every", "times", "per_shelf", "on"))
        if ("tiers" in members) is ("every" in members):
            raise RuleInvalid(path, _("Give either “tiers” or “every”."))
        if "times" in members and "every" not in members:
            raise RuleInvalid(f"{path}.times", _("This goes with “every”."))
        per_shelf = members.get("per_shelf", False)
        if not isinstance(per_shelf, bool):
            raise RuleInvalid(f"{path}.per_shelf", _("Write true or false."))
        return cls(
            _tiers(members["tiers"], f"{path}.tiers") if "tiers" in members else (),
            _tier(members["every"], f"{path}.every", percent=False) if "every" in members else None,
            whole(members.get("times", 1_000_000), f"{path}.times"),
            per_shelf,
            selection_of(members, path),
        )

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Work out what is saved, shelf by shelf where so stated, and share it over the lines."""
        cart = situation.cart
        given: Discounts = {}
        for at in self._shelves(cart):
            amount = sum((cart.amounts[i] for i in at), Decimal(0))
            if saved := self._saved(amount, cart.currency):
                given |= share(saved, cart.amounts, at, cart.currency)
        return Gain(given)

    def _shelves(self, cart: Cart) -> list[Sequence[int]]:
        at = self.on.of(cart)
        if not self.per_shelf:
            return [at]
        shelves: dict[str, list[int]] = {}
        for i in at:
            shelves.setdefault(cart.lines[i].shelf, []).append(i)
        return list(shelves.values())

    def _saved(self, amount: Decimal, currency: str) -> Decimal:
        if self.every is not None and self.every.save is not None:
            times = (amount / self.every.spend.of(currency)).to_integral_value(ROUND_FLOOR)
            return min(times, Decimal(self.times)) * self.every.save.of(currency)
        reached = [tier for tier in self.tiers if amount >= tier.spend.of(currency)]
        return reached[-1].off(amount, currency) if reached else Decimal(0)

    def sentence(self, currency: str) -> str:
        """Say the tiers."""
        if self.every is not None and self.every.save is not None:
            return _("%(save)s off every %(spend)s %(currency)s") % {
                "save": self.every.save.of(currency),
                "spend": self.every.spend.of(currency),
                "currency": currency,
            }
        return _("; ").join(
            _("spend %(spend)s, save %(save)s %(currency)s")
            % {"spend": tier.spend.of(currency), "save": tier.save.of(currency), "currency": currency}
            if tier.save is not None
            else _("spend %(spend)s %(currency)s, save %(percent)s%%")
            % {"spend": tier.spend.of(currency), "percent": f"{tier.percent:f}", "currency": currency}
            for tier in self.tiers
        )


def _tiers(value: Any, path: str) -> tuple[Tier, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_TIERS:
        raise RuleInvalid(path, _("Write a list of 1 to %(most)d tiers.") % {"most": MOST_TIERS})
    tiers = tuple(_tier(tier, f"{path}.{i}", percent=True) for i, tier in enumerate(value))
    _check_rising([tier.spend for tier in tiers], path)
    return tiers


def _tier(value: Any, path: str, *, percent: bool) -> Tier:
    if not isinstance(value, dict):
        raise RuleInvalid(path, _("Write an object with “spend” and “save”."))
    only(value, path, required=("spend",), optional=("save", "percent") if percent else ("save",))
    if ("save" in value) is ("percent" in value):
        raise RuleInvalid(path, _("Give what is saved."))
    spend = Amounts.parse(value["spend"], f"{path}.spend", above=Decimal(0))
    if "percent" in value:
        return Tier(spend, None, percentage(value["percent"], f"{path}.percent"))
    save = Amounts.parse(value["save"], f"{path}.save", above=Decimal(0))
    if save.by_currency.keys() != spend.by_currency.keys():
        raise RuleInvalid(path, _("Give “spend” and “save” in the same currencies."))
    for currency in spend.by_currency or [""]:
        if save.of(currency) > spend.of(currency):
            raise RuleInvalid(f"{path}.save", _("No more can be saved than is spent."))
    return Tier(spend, save, Decimal(0))


def _check_rising(spends: Sequence[Amounts], path: str) -> None:
    for before, after in pairwise(spends):
        if before.by_currency.keys() != after.by_currency.keys():
            raise RuleInvalid(path, _("Give all tiers in the same currencies."))
        for currency in before.by_currency or [""]:
            if before.of(currency) >= after.of(currency):
                raise RuleInvalid(path, _("Write the tiers from the lowest to the highest."))
