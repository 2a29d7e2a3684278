"""The small parts of pages: charts, pills, numbers."""

import json
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from core.charts import Chart
from core.figures import money_text, number, percent, signed_percent

register = template.Library()
register.filter("number", number)
register.filter("percent", percent)
register.filter("signed_percent", signed_percent)

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
