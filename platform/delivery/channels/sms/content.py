"""What all SMS providers share: the text, and the checks before anybody is called."""

import re

import phonenumbers

from delivery.channels.base import TransportError
from delivery.channels.sms.parts import measure
from delivery.sources import Rendered

#: A longer text is a mistake that would be billed many times over.
MOST_PARTS = 10
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def text_of(content: Rendered) -> str:
    """Return the text as the customer reads it, the signature in front as in 【Shop】Hello.

    Raises TransportError (permanent) for a text that is empty, too long, or holds control characters.
    """
    text = content.text.strip()
    if content.signature and not text.startswith(f"【{content.signature}】"):
        text = f"【{content.signature}】{text}"
    if not text and not content.template:
        raise TransportError("The message has no text.", permanent=True)
    if _CONTROL.search(text):
        raise TransportError("The text holds control characters.", permanent=True)
    if measure(text).parts > MOST_PARTS:
        raise TransportError(f"The text is longer than {MOST_PARTS} messages.", permanent=True)
    return text


def check_number(address: str) -> str:
    """Return the number. Raises TransportError (permanent) when it is not one in E.164."""
    if not re.fullmatch(r"\+[1-9]\d{6,14}", address):
        raise TransportError("This is not a phone number with its country.", permanent=True)
    return address


def check_variables(content: Rendered) -> None:
    """Refuse variables that would break the template's line. Raises TransportError (permanent)."""
    if not content.template:
        raise TransportError("This provider needs an approved template.", permanent=True)
    if any(_CONTROL.search(value) for value in content.variables.values()):
        raise TransportError("A variable holds control characters.", permanent=True)


def chinese_number(address: str) -> str:
    """Return the number as mainland providers write it: bare at home, with its country elsewhere."""
    number = phonenumbers.parse(check_number(address))
    return str(number.national_number) if number.country_code == 86 else address.removeprefix("+")


def international(country: str, number: str) -> str:
    """Return the number of a provider's receipt in E.164, as it stands among our identifiers."""
    digits = re.sub(r"\D", "", number)
    code = re.sub(r"\D", "", country) or "86"
    if number.startswith("+"):
        return f"+{digits}"
    return f"+{digits}" if digits.startswith(code) and len(digits) > 11 else f"+{code}{digits}"
