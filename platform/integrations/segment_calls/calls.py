"""One message of Segment's API, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dateutil import parser as dates

from core.ids import uuid7
from core.validation import text_error
from customers.identity.kinds import Kind, normalise

KINDS = ("track", "identify", "page", "screen", "alias", "group")
#: Their browser SDK writes the first letter.
SHORT = {kind[0]: kind for kind in KINDS} | {"b": "batch"}

Errors = dict[str, list[str]]
_IDS = {"userId": Kind.EXTERNAL_ID, "anonymousId": Kind.ANONYMOUS, "previousId": Kind.ANONYMOUS}
_MAX_TEXT = 200
# Lines of an order take a suffix.
_MAX_MESSAGE_ID = 190


class InvalidCall(Exception):
    """The message cannot be taken; `errors` says why, by field."""

    def __init__(self, errors: Errors) -> None:
        self.errors = errors
        super().__init__(errors)


@dataclass(frozen=True, slots=True)
class Call:
    """A message: `user` or `visitor` is set; `body` holds its properties or traits."""

    kind: str
    message_id: str
    at: datetime
    user: str | None
    visitor: str | None
    name: str
    body: dict[str, Any]
    context: dict[str, Any]
    previous: str | None = None
    group: str | None = None
    signature: str | None = None


def parse_call(
    raw: Any, *, now: datetime, kind: str | None = None, sent_at: Any = None, context: Any = None
) -> Call:
    """Return the message, or raise InvalidCall with everything that is wrong.

    `kind` comes from the address, else from the member `type`; `sent_at` and `context` are a batch's, for
    messages that have none of their own (contexts are merged).
    """
    if not isinstance(raw, Mapping):
        raise InvalidCall({"message": ["Send an object with type, userId or anonymousId, and the rest."]})
    errors: Errors = {}
    kind = kind or raw.get("type")
    if kind not in KINDS:
        errors["type"] = [f"Say what it is with one of: {', '.join(KINDS)}."]
    texts = {name: _text(raw, name, errors) for name in ("event", "name", "groupId")}
    texts |= {name: _id(raw, name, of, errors) for name, of in _IDS.items()}
    message_id = _text(raw, "messageId", errors, _MAX_MESSAGE_ID)
    if not (texts["userId"] or texts["anonymousId"] or (kind == "alias" and texts["previousId"])):
        errors.setdefault("userId", ["Say who it was: userId, or anonymousId for an unknown visitor."])
    if kind == "track" and not texts["event"]:
        errors.setdefault("event", ["Missing. A track call needs the event's name."])
    if kind == "alias" and not (texts["previousId"] and texts["userId"]):
        errors.setdefault("previousId", ["Missing. An alias call needs previousId and userId."])
    if kind == "group" and not texts["groupId"]:
        errors.setdefault("groupId", ["Missing. A group call needs the group's id."])
    body = _object(raw, "traits" if kind in ("identify", "group") else "properties", errors)
    own_context = _object(raw, "context", errors)
    at = _moment(raw, raw.get("sentAt") or sent_at, now, errors)
    if errors:
        raise InvalidCall(errors)
    shared = context if isinstance(context, dict) else {}
    merged = {**shared, **own_context}
    signature = merged.get("signature")
    return Call(
        kind=str(kind),
        message_id=message_id or str(uuid7()),
        at=at,
        user=texts["userId"],
        visitor=texts["anonymousId"],
        name=texts["event"] or texts["name"] or "",
        body=body,
        context=merged,
        previous=texts["previousId"],
        group=texts["groupId"],
        signature=signature if isinstance(signature, str) else None,
    )


def corrected(original: datetime, sent_at: datetime | None, received: datetime) -> datetime:
    """Return when it happened by our clock: `received - (sent_at - original)`.

    Segment's formula: what the device's clock is wrong by at sending, it was wrong by before.
    """
    return original if sent_at is None else received - (sent_at - original)


def _moment(raw: Mapping[str, Any], sent_at: Any, now: datetime, errors: Errors) -> datetime:
    name = "originalTimestamp" if raw.get("originalTimestamp") else "timestamp"
    if not raw.get(name):
        return now
    original = _date(raw[name])
    if original is None:
        errors[name] = ["Write a date and time as in ISO 8601, like 2026-03-01T12:00:00.000Z."]
        return now
    sent = _date(sent_at) if sent_at else None  # a wrong one corrects nothing
    try:
        moment = corrected(original, sent, now)
        return moment if abs(moment - now) < timedelta(days=365 * 200) else original
    except OverflowError:
        return original


def _date(value: Any) -> datetime | None:
    """Read ISO 8601, also as loosely as Segment's own examples write it (2015-2-02T…)."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = dates.parse(value, default=datetime(1970, 1, 1))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(raw: Mapping[str, Any], name: str, errors: Errors, limit: int = _MAX_TEXT) -> str | None:
    value = raw.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**18 else None  # many a database has numbers for ids
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        errors[name] = ["Send it as text."]
    elif not value.strip():
        errors[name] = ["Is empty. Leave it out or fill it."]
    elif len(value) > limit:
        errors[name] = [f"Is longer than {limit} characters."]
    elif error := text_error(value):
        errors[name] = [error]
    else:
        return value
    return None


def _id(raw: Mapping[str, Any], name: str, kind: Kind, errors: Errors) -> str | None:
    """Return an id in the form in which it is compared."""
    value = _text(raw, name, errors)
    try:
        return normalise(kind, value) if value else None
    except ValueError as error:
        errors[name] = [str(error)]
        return None


def _object(raw: Mapping[str, Any], name: str, errors: Errors) -> dict[str, Any]:
    value = raw.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        errors[name] = ["Send an object, like {}."]
        return {}
    return value
