"""What the editor sends, as a promotion: texts become numbers and moments, and each fault keeps its place."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from campaigns.promotions.editing import FIELDS
from campaigns.promotions.models import Promotion
from core import clock

_COUNTS = ("limit", "limit_per_customer", "limit_per_day")
#: What PostgreSQL's integer holds.
_LARGEST = 2_147_483_647
_MOMENTS = ("from", "until")


class Faults(Exception):
    """What is wrong, by the place in the editor: a field's name, or a path as `conditions.0.any`."""

    def __init__(self, found: Mapping[str, str]) -> None:
        super().__init__("; ".join(found.values()))
        self.found = dict(found)


def fields_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model's fields. Raises Faults for what is no number or no moment."""
    sent = body.get("promotion")
    sent = sent if isinstance(sent, Mapping) else {}
    faults: dict[str, str] = {}
    read: dict[str, Any] = {
        "name": _text(sent.get("name"))[:150],
        "stacking": _text(sent.get("stacking")) or Promotion.Stacking.COMMON,
        "needs_code": sent.get("needs_code") is True,
        "currency": _text(sent.get("currency")).upper()[:3],
        "also_in": [_text(one).upper()[:3] for one in _list(sent.get("also_in"))][:20],
        "prices": _text(sent.get("prices")) or Promotion.Prices.GROSS,
        "conditions": [zoned(rule) for rule in _list(sent.get("conditions"))],
        "benefit": zoned(sent.get("benefit")),
    }
    read["priority"] = _count(sent.get("priority"), "priority", faults, least=-1000) or 0
    for name in _COUNTS:
        read[name] = _count(sent.get(name), name, faults)
    read["budget"] = _amount(sent.get("budget"), "budget", faults)
    for name in ("starts_at", "ends_at"):
        read[name] = moment_of(sent.get(name), name, faults)
    if faults:
        raise Faults(faults)
    return {name: read[name] for name in FIELDS}


def zoned(part: Any) -> Any:
    """Give the moments of a rule the shop's zone, where the page wrote them by the shop's clock."""
    if isinstance(part, list):
        return [zoned(one) for one in part]
    if not isinstance(part, Mapping):
        return part
    return {
        key: _with_zone(value) if key in _MOMENTS and isinstance(value, str) else zoned(value)
        for key, value in part.items()
    }


def local(part: Any) -> Any:
    """Write the moments of a rule by the shop's clock, as the page shows them."""
    if isinstance(part, list):
        return [local(one) for one in part]
    if not isinstance(part, Mapping):
        return part
    return {
        key: _without_zone(value) if key in _MOMENTS and isinstance(value, str) else local(value)
        for key, value in part.items()
    }


def local_text(at: datetime | None) -> str:
    """Return a moment as a date and time field holds it, by the shop's clock."""
    return at.astimezone(clock.shop_zone()).strftime("%Y-%m-%dT%H:%M") if at else ""


def moment_of(value: Any, name: str, faults: dict[str, str]) -> datetime | None:
    """Return a moment by the shop's clock, None for nothing; what is none is noted."""
    text = _text(value)
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=clock.shop_zone())).astimezone(UTC)
    except (ValueError, OverflowError):
        faults[name] = _("This is not a date and time.")
        return None


def _with_zone(text: str) -> str:
    faults: dict[str, str] = {}
    at = moment_of(text, "", faults)
    return text if at is None else at.isoformat()


def _without_zone(text: str) -> str:
    faults: dict[str, str] = {}
    at = moment_of(text, "", faults)
    return text if at is None else local_text(at)


def _count(value: Any, name: str, faults: dict[str, str], *, least: int = 1) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = int(str(value))
    except ValueError:
        number = least - 1
    if not least <= number <= _LARGEST:
        faults[name] = _("Write a whole number from %(least)d on.") % {"least": least}
        return None
    return number


def _amount(value: Any, name: str, faults: dict[str, str]) -> Decimal | None:
    text = _text(value)
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount < Decimal(10) ** 12:
        faults[name] = _("Write an amount of money, as 500.00.")
        return None
    return amount


def _text(value: Any) -> str:
    return str(value).replace("\0", "").strip() if isinstance(value, str | int) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
