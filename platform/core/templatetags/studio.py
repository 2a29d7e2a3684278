"""The small parts of pages: charts, pills, numbers."""

import json
from typing import Any

from django import template
from django.conf import settings
from django.utils.formats import number_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from core.charts import Chart
from core.money import minor_unit

register = template.Library()

#: What a state's pill looks like, by the state's stored value.
_PILLS = {
    "running": "info", "scheduled": "info", "sending": "info", "claimed": "info", "queued": "plain",
    "pending": "plain",
    "done": "ok", "finished": "ok", "sent": "ok", "decided": "ok", "better": "ok", "champion": "ok",
    "paused": "warn", "uncertain": "warn", "held_out": "warn",
    "failed": "bad", "cancelled": "bad", "worse": "bad",
}  # fmt: skip


@register.inclusion_tag("console/chart.html")
def chart(chart: Chart, heading: bool = True) -> dict[str, Any]:
    """Draw a chart with its data as a table behind a switch."""
    return {
        "chart": chart,
        "heading": heading,
        # Drawn by us from JSON through Vega, which escapes all text in it.
        "svg": mark_safe(chart.svg()),  # noqa: S308
    }


@register.filter
def pill(state: str) -> str:
    """Return the pill class of a state."""
    return _PILLS.get(str(state), "plain")


@register.filter
def number(value: Any, digits: int = 0) -> str:
    """Write a number with grouping; a dash for what is not known."""
    # Django cuts floats off; people expect rounding.
    if value is None or value == "":
        return "–"
    return number_format(f"{value:.{digits}f}", digits, use_l10n=True, force_grouping=True)


@register.filter
def percent(value: float | None, digits: int = 1) -> str:
    """Write a share as a percentage; a dash for what is not known."""
    return "–" if value is None else f"{number(value * 100, digits)}%"


_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥"}


@register.filter
def signed_percent(value: float | None, digits: int = 0) -> str:
    """Return a share with its sign, as +4 %."""
    return "–" if value is None else ("+" if value > 0 else "") + percent(value, digits)


def money_sign(currency: str) -> str:
    """Return a currency's sign, or its code where it has none."""
    return _SIGNS.get(currency, currency)


def money_text(value: Any, currency: str = "", *, whole: bool = False) -> str:
    """Write an amount in the shop's way: with its sign, to the minor unit or in whole units."""
    if value is None:
        return "–"
    currency = currency or settings.SHOP_CURRENCY
    digits = 0 if whole else len(str(minor_unit(currency)).partition(".")[2])
    text = number(value, digits)
    sign = _SIGNS.get(currency)
    if sign is None:
        return f"{text} {currency}"
    return f"-{sign}{text.removeprefix('-')}" if text.startswith("-") else f"{sign}{text}"


@register.filter
def money(value: Any, currency: str = "") -> str:
    """Write an amount with its currency."""
    return money_text(value, currency)


@register.filter
def whole_money(value: Any, currency: str = "") -> str:
    """Write an amount without its minor unit, for large figures."""
    return money_text(value, currency, whole=True)


@register.filter
def at(mapping: Any, key: Any) -> Any:
    """Return a mapping's value, or None."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.simple_tag
def script_texts() -> dict[str, str]:
    """Return the texts that `studio.js` shows."""
    return {
        "showTable": _("Show as table"),
        "showChart": _("Show as chart"),
        "lost": _("The connection was lost. Reload the page to go on."),
    }


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return a decorative icon."""
    return mark_safe(f'<span class="material-symbols-outlined" aria-hidden="true">{name}</span>')  # noqa: S308


@register.filter
def css_percent(share: float) -> str:
    """Write a share as a CSS length, whatever the language's decimal mark."""
    return f"{max(0.0, min(float(share), 1.0)) * 100:.1f}%"


@register.filter
def translated(text: str) -> str:
    """Translate a stored name, as of a starter strategy; names that a person gave stay as they are."""
    return _(text) if text else ""


@register.filter
def pretty(value: Any) -> str:
    """Write JSON for people: indented, with its own letters."""
    return json.dumps(value, indent=2, ensure_ascii=False)
