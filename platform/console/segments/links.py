"""Links that open the builder with a rule in it, so that any figure can become a segment."""

from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import HttpRequest
from django.urls import reverse

from core import clock
from segments.compiler import compile_rule
from segments.rules import RuleError

#: A longer address is cut by some servers on the way.
LONGEST = 4000


def builder_with(rule: dict[str, Any], name: str = "") -> str:
    """Return the address of the builder with this rule, unsaved, under a name to begin with."""
    query = {"rule": orjson.dumps(rule).decode()} | ({"name": name} if name else {})
    return f"{reverse('admin:segment_new')}?{urlencode(query)}"


def rule_brought(request: HttpRequest) -> dict[str, Any] | None:
    """Return the rule in the address, None where there is none or it cannot be read."""
    text = request.GET.get("rule", "")
    if not text or len(text) > LONGEST:
        return None
    try:
        rule = orjson.loads(text)
        compile_rule(rule, as_of=clock.knowledge_now())
    except (ValueError, RecursionError, RuleError):
        return None
    return rule if isinstance(rule, dict) else None
