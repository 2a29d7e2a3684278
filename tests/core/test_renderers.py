"""Answers are written fast and say what REST framework's own renderer says."""

import json
from collections import namedtuple
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from rest_framework import renderers
from rest_framework.exceptions import ErrorDetail
from rest_framework.utils.serializer_helpers import ReturnDict

from core.renderers import JSONRenderer

Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    "data",
    [
        {"at": datetime(2026, 11, 22, 11, 40, 24, 852827, UTC), "day": date(2026, 1, 2)},
        {"took": timedelta(seconds=1.5), "amount": Decimal("1.20"), "id": UUID(int=7)},
        {"none": None, "yes": True, "n": 3, "x": 0.1, "e": 1e-7, "large": 2**64},
        [("a", 1), Pair("a", 2), {3: "three"}],
        {"lazy": gettext_lazy("Unknown"), "safe": mark_safe("<b>"), "error": ErrorDetail("no", "code")},
        ReturnDict({"grüße": "你好\u2028\x7f"}, serializer=None),
        "text",
        [],
    ],
)
def test_the_same_as_before(data):
    assert json.loads(JSONRenderer().render(data)) == json.loads(renderers.JSONRenderer().render(data))


def test_nothing_and_what_utf_8_cannot_hold():
    assert JSONRenderer().render(None) == b""
    assert json.loads(JSONRenderer().render({"a": "\ud800"})) == {"a": "\\ud800"}


def test_indented_when_asked():
    assert JSONRenderer().render({"a": 1}, "application/json; indent=2") == b'{\n  "a": 1\n}'
