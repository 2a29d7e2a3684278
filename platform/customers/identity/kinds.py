"""The kinds of identifiers, and the form in which the values of each are compared.

| kind | compared as |
|---|---|
| `external_id` | exactly, without blanks at its ends; it is the partner's own and also stands in addresses |
| `device`, `anonymous`, `household` | NFC, without blanks at its ends; case counts |
| `email` | NFKC, lower case on both sides of the @, domain in IDNA 2008; dots and plus tags count |
| `phone` | E.164; without a country prefix it is read in the customer's country, else in the shop's |
| `handle` | `network:name` in NFKC and case-folded, without the @ before the name |
| `wechat_openid`, `wechat_unionid`, `wechat_external` | as WeChat writes them: ASCII; case counts |

Control and formatting characters, lone surrogates and blanks inside are refused everywhere (blanks
inside an `external_id` and `household` are allowed: partners have such ids). Every rule is idempotent.
"""

import re
import unicodedata
from typing import Final

from django.conf import settings

from core.encryption import normalise_email, normalise_phone
from customers.models import Identifier

Kind = Identifier.Kind
MAX_LENGTH: Final = 200

#: Which of several identifiers says best who it is, strongest first. What a person shares with
#: others (a device, a household) comes last; `household` is no person at all.
STRENGTH: Final = (
    Kind.EXTERNAL_ID, Kind.WECHAT_UNIONID, Kind.WECHAT_OPENID, Kind.WECHAT_EXTERNAL, Kind.EMAIL, Kind.PHONE,
    Kind.HANDLE, Kind.DEVICE, Kind.ANONYMOUS, Kind.HOUSEHOLD,
)  # fmt: skip
#: The kinds that a person proves to own, so that two customers with one of them may be one person.
PERSONAL: Final = frozenset(
    {
        Kind.EMAIL, Kind.PHONE, Kind.HANDLE, Kind.WECHAT_OPENID, Kind.WECHAT_UNIONID, Kind.WECHAT_EXTERNAL,
    }
)  # fmt: skip
#: The kinds that an event's `customer` object and a customer's `identifiers` may carry.
REFERENCES: Final = tuple(kind for kind in STRENGTH if kind != Kind.ANONYMOUS)

_RANK = {kind.value: rank for rank, kind in enumerate(STRENGTH)}
_BLANKS_ALLOWED = {Kind.EXTERNAL_ID.value, Kind.HOUSEHOLD.value}
_PLAIN = re.compile(r"[!-~]+")
_WECHAT = re.compile(r"[A-Za-z0-9_-]{4,128}")
_HANDLE = re.compile(r"([a-z0-9][a-z0-9._-]{0,39}):@?(\S{1,150})")


def rank(kind: str) -> int:
    """Return how well a kind says who it is: 0 is best."""
    return _RANK[kind]


def normalise(kind: str, value: str, country: str | None = None) -> str:
    """Return the form in which a value of a kind is stored and compared. 1 to 60 µs (phones).

    `country` is the ISO code in which a phone number without a prefix is read; the shop's by default.
    Raises ValueError with a sentence that says what to send.
    """
    match kind:
        case Kind.EMAIL:
            return normalise_email(value)
        case Kind.PHONE:
            return normalise_phone(value, country or settings.SHOP_COUNTRY)
        case Kind.HANDLE:
            return _handle(value)
        case Kind.WECHAT_OPENID | Kind.WECHAT_UNIONID | Kind.WECHAT_EXTERNAL:
            return _wechat(value)
        case Kind.EXTERNAL_ID | Kind.DEVICE | Kind.ANONYMOUS | Kind.HOUSEHOLD:
            return _text(value, blanks=kind in _BLANKS_ALLOWED, exact=kind == Kind.EXTERNAL_ID)
        case _:
            known = ", ".join(kind.value for kind in STRENGTH)
            raise ValueError(f"There is no identifier of this kind. Known are: {known}.")


def _text(value: str, *, blanks: bool, exact: bool = False) -> str:
    text = value.strip()
    if not _PLAIN.fullmatch(text):
        text = text if exact else unicodedata.normalize("NFC", text)
        if not text:
            raise ValueError("Is empty. Leave it out or fill it.")
        for char in text:
            category = unicodedata.category(char)
            if category in ("Cc", "Cf", "Cs") or (category[0] == "Z" and not (blanks and char == " ")):
                raise ValueError("Contains a control character or a blank. Send the id itself.")
    if len(text) > MAX_LENGTH:
        raise ValueError(f"Is longer than {MAX_LENGTH} characters.")
    return text


def _handle(value: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).strip().casefold())
    text = _text(folded, blanks=False)
    found = _HANDLE.fullmatch(text)
    if found is None or found[2].startswith("@"):
        raise ValueError("Write a handle with its network before it, like instagram:ada.")
    return f"{found[1]}:{found[2]}"


def _wechat(value: str) -> str:
    text = value.strip()
    if not _WECHAT.fullmatch(text):
        raise ValueError("Not an id of WeChat: send it as WeChat gave it, letters, digits, - and _.")
    return text
