"""The answers of these calls, for the interface's description."""

from typing import Any

from rest_framework import serializers


def money(**kwargs: Any) -> serializers.DictField:
    """Return the field for an amount with its currency."""
    return serializers.DictField(child=serializers.CharField(), **kwargs)


class DiscountSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What one promotion takes off a line."""

    promotion = serializers.CharField()
    amount = money()
    reason = serializers.CharField()


class DiscountedLineSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A line with its discounts, and the lowest price of the 30 days before where it has any."""

    sku = serializers.CharField()
    subtotal = money()
    discounts = DiscountSerializer(many=True)
    total = money()
    lowest_30_days = money(allow_null=True)


class NotAppliedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A promotion that gave nothing, and why."""

    promotion = serializers.CharField()
    code = serializers.CharField()
    reason = serializers.CharField()


class GiftSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A product laid into the parcel."""

    promotion = serializers.CharField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    reason = serializers.CharField()


class PointsSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Member points."""

    promotion = serializers.CharField()
    multiply = serializers.CharField()
    add = serializers.IntegerField()
    reason = serializers.CharField()


class DepositSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A deposit to pay now (phase `deposit`), or one that was paid (phase `balance`)."""

    promotion = serializers.CharField()
    phase = serializers.ChoiceField(choices=["deposit", "balance"])
    units = serializers.CharField()
    amount = money()
    worth = money()
    balance_from = serializers.DateTimeField()
    balance_until = serializers.DateTimeField()
    reason = serializers.CharField()


class SearchSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How the best combination was found."""

    complete = serializers.BooleanField(help_text="False: the bound on work was reached before a proof.")
    branches = serializers.IntegerField()


class ResultSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """The explained cart."""

    lines = DiscountedLineSerializer(many=True)
    applied = serializers.ListField(child=serializers.CharField())
    not_applied = NotAppliedSerializer(many=True)
    free_shipping = serializers.BooleanField()
    gifts = GiftSerializer(many=True)
    points = PointsSerializer(many=True)
    deposits = DepositSerializer(many=True)
    prices = serializers.ChoiceField(choices=["gross", "net"])
    subtotal = money()
    discount = money()
    total = money()
    search = SearchSerializer()


class EnteredSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A code beside everything else that applies."""

    code = serializers.CharField()
    applies = serializers.BooleanField()
    promotion = serializers.CharField(allow_null=True, help_text="Null for a code that cannot be used.")
    reason = serializers.ChoiceField(
        choices=["invalid_code", "exhausted", "ineligible", "twice", "outdone"], allow_null=True
    )
    detail = serializers.CharField(allow_null=True, help_text="A sentence for the shopper.")
    discount = money(help_text="What its promotion takes off the lines.")
    saves = money(help_text="By how much the cart gets cheaper for it.")
    replaces = serializers.ListField(
        child=serializers.CharField(), help_text="Promotions that would apply without it."
    )


class EvaluatedSerializer(ResultSerializer):
    """The explained cart, and what each code does on it."""

    codes = EnteredSerializer(many=True)


class SettledSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What stands on an order."""

    order = serializers.CharField()
    state = serializers.ChoiceField(choices=["reserved", "redeemed"])
    expires_at = serializers.DateTimeField(allow_null=True)
    replayed = serializers.BooleanField()
    result = ResultSerializer()


class OrderRolledBackSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """An order whose promotions were taken back."""

    order = serializers.CharField()
    rolled_back = serializers.BooleanField()
