"""Money: Decimal amounts with a currency, rounded half up to the currency's minor unit."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

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


def minor_unit(currency: str) -> Decimal:
    """Return the smallest amount of a currency: 0.01 for EUR, 1 for JPY, 0.001 for KWD."""
    return Decimal(1).scaleb(-_MINOR_DIGITS.get(currency, 2))


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's minor unit, as receipts do."""
    return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency."""

    amount: Decimal
    currency: str

    def as_json(self) -> dict[str, str]:
        """Return the REST shape `{"amount": "12.30", "currency": "EUR"}`."""
        return {"amount": str(round_money(self.amount, self.currency)), "currency": self.currency}
