"""Money: Decimal amounts with a currency, rounded half up to the currency's minor unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cache

from django.conf import settings

# ISO 4217 currencies whose minor unit is not a hundredth.
_MINOR_DIGITS = {
    "JPY": 0,
    "KRW": 0,
    "VND": 0,
    "CLP": 0,
    "ISK": 0,
    "KWD": 3,
    "BHD": 3,
    "OMR": 3,
    "TND": 3,
    "JOD": 3,
}


@cache
def minor_unit(currency: str) -> Decimal:
    """Return the smallest amount of a currency: 0.01 for EUR, 1 for JPY, 0.001 for KWD."""
    return Decimal(1).scaleb(-_MINOR_DIGITS.get(currency, 2))


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's minor unit, as receipts do."""
    return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_UP)


def shared_out(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Share an amount out in proportion to weights, to the last cent, by largest remainder.

    Without any weight all shares are zero.
    """
    total, cent = sum(weights, Decimal(0)), minor_unit(currency)
    amount = round_money(amount, currency)
    if amount <= 0 or total <= 0:
        return [Decimal(0)] * len(weights)
    exact = [amount * weight / total for weight in weights]
    shares = [part.quantize(cent, rounding=ROUND_DOWN) for part in exact]
    spare = int((amount - sum(shares, Decimal(0))) / cent)
    for place in sorted(range(len(exact)), key=lambda p: shares[p] - exact[p])[:spare]:
        shares[place] += cent
    return shares


def to_base(amount: Decimal, currency: str) -> Decimal | None:
    """Convert to the shop's currency by the rates of `settings.SHOP_EXCHANGE_RATES`, or return None.

    A rate says how much of the shop's currency one unit of the other is worth.
    """
    if currency == settings.SHOP_CURRENCY:
        return round_money(amount, currency)
    rate = settings.SHOP_EXCHANGE_RATES.get(currency)
    return None if rate is None else round_money(amount * Decimal(str(rate)), settings.SHOP_CURRENCY)


def convert(amount: Decimal, source: str, target: str) -> Decimal | None:
    """Convert between two currencies by the shop's rates, or return None where one of them has none."""
    if source == target:
        return round_money(amount, target)
    rates = {settings.SHOP_CURRENCY: 1} | settings.SHOP_EXCHANGE_RATES
    if source not in rates or target not in rates:
        return None
    return round_money(amount * Decimal(str(rates[source])) / Decimal(str(rates[target])), target)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency."""

    amount: Decimal
    currency: str

    def as_json(self) -> dict[str, str]:
        """Return the REST shape `{"amount": "12.30", "currency": "EUR"}`."""
        return {"amount": str(round_money(self.amount, self.currency)), "currency": self.currency}
