"""What the calls take and answer."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from catalog.models import Category
from core import clock
from core.problems import Problem
from recommendations.models import ModelVersion, Objective, Strategy
from recommendations.online import Answer, Wish
from recommendations.reasons import sentence
from recommendations.selectors import Item
from recommendations.services.lists import LIST_LENGTH
from recommendations.state import State

#: The use whose champion answers over REST.
USE = "email"
DEFAULT_LIMIT = 10
_MOST_HIDDEN = 100


class FilterSerializer(serializers.Serializer[Any]):
    """What every list can leave out."""

    limit = serializers.IntegerField(min_value=1, max_value=LIST_LENGTH, default=DEFAULT_LIMIT)
    category = serializers.CharField(
        required=False, max_length=600, help_text="A category's path, with all below it."
    )
    min_price = serializers.DecimalField(14, 2, min_value=0, required=False)
    max_price = serializers.DecimalField(14, 2, min_value=0, required=False)
    hide_seen = serializers.BooleanField(
        default=False, help_text="Leave out what was looked at within a day."
    )
    hide = serializers.CharField(
        required=False, max_length=4000, help_text="Skus that are shown anyway, separated by commas."
    )

    def validate_category(self, value: str) -> str:
        """Refuse a category that there is not."""
        if "\0" in value or not Category.objects.filter(path=value).exists():
            raise serializers.ValidationError(_("There is no category with this path."))
        return value

    def validate_hide(self, value: str) -> frozenset[str]:
        """Return the skus."""
        skus = frozenset(sku.strip() for sku in value.replace("\0", "").split(",") if sku.strip())
        if len(skus) > _MOST_HIDDEN:
            raise serializers.ValidationError(_("Name at most %d products.") % _MOST_HIDDEN)
        return skus


class QuerySerializer(FilterSerializer):
    """The parameters of a request for a customer's recommendations."""

    objective = serializers.ChoiceField(choices=Objective.choices, default=Objective.REPLENISH)
    strategy = serializers.SlugField(required=False)
    explain = serializers.BooleanField(default=False)
    hide_bought = serializers.BooleanField(default=False, help_text="Leave out what was ever bought.")
    hide_messaged_days = serializers.IntegerField(
        min_value=1,
        max_value=365,
        required=False,
        help_text="Leave out what messages showed in so many days.",
    )


class ItemSerializer(serializers.Serializer[Any]):
    """A recommended product."""

    sku = serializers.CharField()
    rank = serializers.IntegerField()
    score = serializers.FloatField()
    reason = serializers.CharField()
    fallback = serializers.BooleanField()
    because = serializers.ListField(child=serializers.DictField(), required=False)
    rules = serializers.ListField(child=serializers.CharField(), required=False)


class AnswerSerializer(serializers.Serializer[Any]):
    """A list with the id under which its outcome can be reported."""

    decision_id = serializers.UUIDField()
    strategy = serializers.CharField()
    policy_version = serializers.CharField(help_text="The model version that answered.")
    propensity = serializers.FloatField(help_text="How likely this answer was: 1 where nothing is drawn.")
    items = ItemSerializer(many=True)


#: Query texts that were right, with what they asked: callers ask the same in the same words all day.
_asked: dict[tuple[type[FilterSerializer], str], dict[str, Any]] = {}
_KEPT = 2000


def asked_of(form: type[FilterSerializer], request: Request) -> dict[str, Any]:
    """Return a call's checked parameters. Raises ValidationError by field.

    Checking takes 0.6 ms, so what was right is remembered, but for categories, which come and go.
    """
    key = (form, request.META.get("QUERY_STRING", ""))
    if (known := _asked.get(key)) is not None:
        return known
    query = form(data=request.query_params)
    query.is_valid(raise_exception=True)
    asked: dict[str, Any] = query.validated_data
    if "category" not in asked:
        if len(_asked) >= _KEPT:
            _asked.clear()
        _asked[key] = asked
    return asked


def wish_of(asked: dict[str, Any], objective: str = "") -> Wish:
    """Return validated parameters as the wish that they are."""
    days = asked.get("hide_messaged_days")
    return Wish(
        objective=objective or asked["objective"],
        limit=asked["limit"],
        category=asked.get("category"),
        low=asked.get("min_price"),
        high=asked.get("max_price"),
        hide_bought=asked.get("hide_bought", False),
        hide_seen=asked["hide_seen"],
        hide_messaged_since=clock.known_until(clock.now()) - timedelta(days=days) if days else None,
        hide=asked.get("hide", frozenset()),
    )


def version_of(known: State, objective: str, strategy: str | None) -> ModelVersion:
    """Return the version that answers. Raises Problem: no such strategy, or nothing trained yet."""
    version = known.version(USE, objective, strategy)
    if version is not None:
        return version
    if strategy:
        keys = Strategy.objects.filter(versions__isnull=False).distinct().values_list("key", flat=True)
        raise Problem(404, "unknown-strategy", _("No trained strategy has this key."), known=", ".join(keys))
    raise Problem(503, "not-trained", _("No strategy has been trained yet. Run a training first."))


def items_body(items: Sequence[Item], because: dict[int, Any] | None = None) -> list[dict[str, Any]]:
    """Return places as they are answered, with what explains them where it was asked for."""
    return [
        {
            "sku": item.sku,
            "rank": item.rank,
            "score": round(item.score, 6),
            "reason": sentence(item.reason),
            "fallback": item.fallback,
            **({} if because is None else {"because": because[item.product_id], "rules": list(item.rules)}),
        }
        for item in items
    ]


def answer_body(decision: UUID, answer: Answer, because: dict[int, Any] | None = None) -> dict[str, Any]:
    """Return an answer with its decision's id."""
    version = answer.version
    return {
        "decision_id": decision,
        "strategy": version.strategy.key if version else "popular",
        "policy_version": str(version.pk) if version else "popular",
        "propensity": 1.0,
        "items": items_body(answer.items, because),
    }
