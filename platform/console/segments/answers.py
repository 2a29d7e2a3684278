"""What the builder asks while one types: counts, people, suggestions, a sentence as conditions."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from console import answers
from console.answers import Refused
from console.palette import customers_like
from console.segments.suggestions import names_in, suggest
from core import clock
from core.figures import money_text
from customers.models import Channel, Customer
from segments.drafting import draft
from segments.explain import explain
from segments.overlap import overlap
from segments.preview import preview
from segments.rules import RuleError, at
from segments.why import why

PEOPLE = 8
#: Rankings whose conditions are counted too.
RANKS = 3


class Answer(answers.Answer):
    """An answer for the builder; rule errors carry their place."""

    permission_required: tuple[str, ...] = ("segments.view_segment",)
    too_large = gettext_lazy("This rule is too large.")
    errors = (RuleError,)

    def refusal_of(self, error: RuleError) -> Refused:
        """Name the part of the rule."""
        return Refused(error.message, path=error.path)


def rule_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rule of a question. The compiler judges what is in it."""
    rule = body.get("rule")
    return rule if isinstance(rule, dict) else {}


def slug_of(body: Mapping[str, Any]) -> str | None:
    """Return the short name of the segment that is edited, if it has one yet."""
    slug = body.get("slug")
    return slug[:100] if isinstance(slug, str) and slug and "\0" not in slug else None


class Preview(Answer):
    """How many fit, in all and by condition, how they can be reached, some of them, and the rule in words."""

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Count at the shop's present. One statement, stopped after 5 seconds, and one query for names.

        What a ranking is among is a question of its own: one statement more for each, three at most.
        """
        rule = rule_of(body)
        found = preview(rule, as_of=clock.knowledge_now(), slug=slug_of(body))
        labels = dict(Channel.choices)
        return {
            "size": found["size"],
            "total": found["total"],
            "channels": [
                {"label": str(labels.get(name, name)), "size": size}
                for name, size in found["channels"].items()
            ],
            "conditions": found["conditions"] + _within_ranks(rule, slug_of(body)),
            "words": explain(rule),
            "names": names_in(rule),
            "ms": found["ms"],
            "sample": self._sample(found["sample"]),
        }

    def _sample(self, sample: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not self.request.user.has_perm("customers.view_customer"):
            return []
        known = Customer.objects.in_bulk([row["customer"] for row in sample], field_name="external_id")
        return [
            _person(known[row["customer"]])
            | {"orders": row["orders"], "revenue": row["revenue"] and money_text(float(row["revenue"]))}
            for row in sample
            if row["customer"] in known
        ]


def _within_ranks(rule: dict[str, Any], slug: str | None) -> list[dict[str, Any]]:
    """Return how many fit each condition of the rules that rankings are among."""
    found: list[dict[str, Any]] = []
    for path, of in list(_ranks(rule, ""))[:RANKS]:
        try:
            inner = preview(of, as_of=clock.knowledge_now(), slug=slug)["conditions"]
        except RuleError:  # of all the conditions only the time they take can be wrong by now
            continue
        found += [one | {"path": at(path, one["path"]) if one["path"] else path} for one in inner]
    return found


def _ranks(rule: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rules that the rankings of a rule are among, with their paths."""
    for key in ("all", "any"):
        for index, part in enumerate(rule.get(key, ())):
            yield from _ranks(part, f"{at(path, key)}[{index}]")
    if "not" in rule:
        yield from _ranks(rule["not"], at(path, "not"))
    if "top" in rule and "of" in rule["top"]:
        place = at(path, "top.of")
        yield place, rule["top"]["of"]
        yield from _ranks(rule["top"]["of"], place)


def _person(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.pk,
        "name": str(customer),
        "customer": customer.external_id,
        "url": reverse("admin:customer_360", args=[customer.pk]),
    }


class Draft(Answer):
    """A sentence turned into conditions."""

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the rule with what was understood and what was not."""
        sentence = body.get("sentence")
        return asdict(draft(sentence if isinstance(sentence, str) else ""))


class Overlap(Answer):
    """Whom else these people belong to."""

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the other segments by how many people they share."""
        found = overlap(rule_of(body), as_of=clock.knowledge_now(), slug=slug_of(body))
        others = [
            one | {"url": reverse("admin:segment_by_slug", args=[one["slug"]])} for one in found["segments"]
        ]
        return {"size": found["size"], "segments": [one for one in others if one["both"]][:8]}


class Why(Answer):
    """Why somebody is in or not: each condition with what was found."""

    permission_required = ("segments.view_segment", "customers.view_customer")

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Judge one person by the rule."""
        number: Any = body.get("customer")
        known = type(number) is int and Customer.objects.filter(pk=number).exists()
        found = why(rule_of(body), [number], as_of=clock.knowledge_now(), slug=slug_of(body)) if known else {}
        if number not in found:
            raise Refused(_("This person is not there any more."), 404)
        return found[number]


class People(PermissionRequiredMixin, View):
    """Customers by name, id or exact address."""

    permission_required = ("segments.view_segment", "customers.view_customer")
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return a few. Two indexed queries."""
        words = request.GET.get("q", "").replace("\0", "").strip()[:200]
        found = customers_like(words)[:PEOPLE] if len(words) >= 2 else []
        return JsonResponse({"results": [_person(customer) for customer in found]})


class Suggest(PermissionRequiredMixin, View):
    """Values that fit what is typed."""

    permission_required = ("segments.view_segment",)
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return up to twenty."""
        words = request.GET.get("q", "").replace("\0", "").strip()[:100]
        kind = request.GET.get("kind", "").replace("\0", "")[:200]
        found = suggest(kind, words, can=request.user.has_perm)
        return JsonResponse({"results": [{"value": value, "label": label} for value, label in found]})
