"""How many messages a text is billed as (3GPP TS 23.038 and 23.040)."""

from dataclasses import dataclass

#: The default alphabet; each takes one septet.
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The extension table; each takes two septets.
_EXTENDED = frozenset("\f^{}\\[~]|€")
#: (alone, as a part of several): a part gives room to the header that joins them.
_SEPTETS, _UNITS = (160, 153), (70, 67)


@dataclass(frozen=True, slots=True)
class Length:
    """A text's size in its encoding."""

    encoding: str
    units: int
    parts: int
    left: int


def measure(text: str) -> Length:
    """Return encoding (GSM-7 or UCS-2), units, parts, and the units left in the last part.

    A character that takes two units is never cut in two by the end of a part.
    """
    gsm = all(c in _GSM7 or c in _EXTENDED for c in text)
    sizes = [2 if (c in _EXTENDED if gsm else ord(c) > 0xFFFF) else 1 for c in text]
    alone, joined = _SEPTETS if gsm else _UNITS
    units = sum(sizes)
    encoding = "GSM-7" if gsm else "UCS-2"
    if units <= alone:
        return Length(encoding, units, 1 if units else 0, alone - units)
    parts, used = 1, 0
    for size in sizes:
        if used + size > joined:
            parts, used = parts + 1, 0
        used += size
    return Length(encoding, units, parts, joined - used)
