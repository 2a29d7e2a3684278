"""Bulk calls of the REST interface: many rows in, good ones taken, each bad one named."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.problems import Problem

MAX_ROWS = 1000


def rows_of(data: Any, name: str, *, single: bool = False) -> list[Any]:
    """Return the rows of a body: an array, `{name: […]}`, or one object where `single` allows it.

    Raises a Problem: 400 for another shape or no rows, 413 for more than 1,000.
    """
    rows = data
    if isinstance(data, dict):
        if set(data) == {name}:
            rows = data[name]
        elif single and data:
            rows = [data]
    if not isinstance(rows, list) or not rows:
        shape = _("Send an array of 1 to %(max)d items, or {“%(name)s”: […]}.") % {
            "max": MAX_ROWS, "name": name,
        }  # fmt: skip
        raise Problem(400, "invalid-request", _("The body has another shape"), shape)
    if len(rows) > MAX_ROWS:
        raise Problem(
            413,
            "too-many",
            _("Too many items"),
            _("%(sent)d were sent, at most %(max)d are taken in one call.")
            % {"sent": len(rows), "max": MAX_ROWS},
        )
    return rows


def validate_rows(
    serializer: type[serializers.Serializer[Any]], rows: Sequence[Any]
) -> tuple[dict[int, Any], dict[int, Any]]:
    """Validate each row by itself. Return the good values and the errors, both by index."""
    good, bad = {}, {}
    for index, row in enumerate(rows):
        checked = serializer(data=row)
        if checked.is_valid():
            good[index] = checked.validated_data
        else:
            bad[index] = {name: [str(e) for e in _flat(error)] for name, error in checked.errors.items()}
    return good, bad


def _flat(error: Any) -> list[Any]:
    if isinstance(error, dict):
        return [f"{name}: {text}" for name, part in error.items() for text in _flat(part)]
    if isinstance(error, list):
        return [text for part in error for text in _flat(part)]
    return [error]


def bulk_body(accepted: int, rejected: dict[int, Any], **members: Any) -> dict[str, Any]:
    """Return the answer to a bulk call. Raises a Problem (422) when nothing at all was taken.

    The problem carries the members of the answer, so a client reads the errors in one way.
    """
    body = {
        "accepted": accepted,
        **members,
        "rejected": [{"index": i, "errors": rejected[i]} for i in sorted(rejected)],
    }
    if rejected and not accepted and not any(members.values()):
        raise Problem(422, "all-rejected", _("Nothing was taken"), _("See what is wrong with each."), **body)
    return body
