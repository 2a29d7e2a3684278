"""Addresses, countries and currencies."""

import re
from typing import Any

from django.utils.translation import gettext as _

from core.encryption import normalise_email
from integrations.imports.values.texts import text

_CURRENCY_SIGNS = {
    "$": "",
    "€": "EUR",
    "£": "GBP",
    "¥": "",
    "￥": "CNY",
    "₹": "INR",
    "₽": "RUB",
    "US$": "USD",
}


def email(value: Any) -> str | None:
    """Return an e-mail address in the form it is kept."""
    found = text(value, 254)
    if found is None:
        return None
    try:
        normalise_email(found)
    except ValueError:
        raise ValueError(_("“%(value)s” is not an e-mail address.") % {"value": found[:80]}) from None
    return found


def country(value: Any) -> str | None:
    """Return an ISO 3166 code."""
    found = text(value, 60)
    if found is None:
        return None
    if len(found) == 2 and found.isascii() and found.isalpha():
        return found.upper()
    raise ValueError(_("Write the country as in ISO 3166, like DE."))


def currency(value: Any) -> str | None:
    """Return an ISO 4217 code."""
    found = text(value, 20)
    if found is None:
        return None
    if len(found) == 3 and found.isascii() and found.isalpha():
        return found.upper()
    named = {"人民币": "CNY", "元": "CNY", "rmb": "CNY"}.get(found.casefold())
    if named:
        return named
    raise ValueError(_("Write the currency as in ISO 4217, like EUR."))


def currency_of(value: Any) -> str | None:
    """Return the currency that a cell like “12.30 EUR” or “€12.30” names, or None."""
    if not isinstance(value, str):
        return None
    letters = re.sub(r"[\d.,()+\-\s'’ \u202f]", "", value)
    if len(letters) == 3 and letters.isascii() and letters.isalpha():
        return letters.upper()
    return _CURRENCY_SIGNS.get(letters) or None
