"""Colours that can be read: contrast as WCAG 2.2 measures it."""

import re

HEX = re.compile(r"#[0-9a-fA-F]{6}")
#: What normal text needs, and large text or a sign (WCAG 2.2, success criteria 1.4.3 and 1.4.11).
TEXT_CONTRAST, LARGE_CONTRAST = 4.5, 3.0


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`, 0 to 1 (WCAG 2.2, "relative luminance")."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def text_on(ground: str) -> str:
    """Return white or near-black, whichever is easier to read on this ground."""
    return max(("#ffffff", "#0f172a"), key=lambda ink: contrast(ink, ground))


def mixed(one: str, other: str, share: float) -> str:
    """Return a colour with this share of the other in it."""
    pairs = [(int(one[p : p + 2], 16), int(other[p : p + 2], 16)) for p in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def readable(colour: str, ground: str) -> str:
    """Return the colour, mixed with white or black as little as text on this ground needs."""
    towards = text_on(ground)
    return next(
        (made for step in range(11) if contrast(made := mixed(colour, towards, step / 10), ground) >= 4.5),
        towards,
    )
