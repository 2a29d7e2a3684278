"""Shapes that the REST calls of campaigns share. Unknown members are refused, never ignored."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from campaigns.promotions.carts import LARGEST_CART, Order
from core.money import Money
from core.serializers import PLAIN_NUMBER, StrictSerializer, is_plain_number


@extend_schema_field(
    {
        "oneOf": [
            {
                "type": "object",
                "properties": {"amount": {"type": "string"}, "currency": {"type": "string"}},
                "required": ["amount", "currency"],
                "additionalProperties": False,
            },
            {"type": "string", "description": "An amount in the shop's currency."},
        ]
    }
)
class MoneyField(serializers.Field):  # type: ignore[type-arg]
    """Money as `{"amount": "12.30", "currency": "EUR"}`, or an amount in the shop's currency."""

    def to_internal_value(self, data: Any) -> Money:
        """Accept finite amounts from 0 with at most four decimals."""
        currency = settings.SHOP_CURRENCY
        if isinstance(data, Mapping):
            if set(data) != {"amount", "currency"}:
                raise serializers.ValidationError(_("Write {“amount”, “currency”}."))
            currency, data = data["currency"], data["amount"]
        if not (
            isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isupper()
        ):
            raise serializers.ValidationError(_("Write the currency as three capitals, as EUR."))
        if not is_plain_number(data):
            raise serializers.ValidationError(PLAIN_NUMBER)
        number = serializers.DecimalField(max_digits=14, decimal_places=4, min_value=Decimal(0))
        return Money(number.run_validation(data), currency)

    def to_representation(self, value: Money) -> dict[str, str]:
        """Return amount and currency."""
        return value.as_json()


class LineSerializer(StrictSerializer):
    """One line of a cart."""

    sku = serializers.CharField(max_length=200)
    quantity = serializers.DecimalField(max_digits=9, decimal_places=3, min_value=Decimal("0.001"))
    price = MoneyField(help_text="The unit price.")
    shelf = serializers.CharField(
        max_length=200, required=False, help_text="The department, or the seller on a market place."
    )


class LinesField(serializers.ListSerializer):  # type: ignore[type-arg]
    """The lines of a cart, all in one currency."""

    def validate(self, attrs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse mixed currencies and carts beyond the bound."""
        if len(attrs) > LARGEST_CART:
            raise serializers.ValidationError(
                _("Send a list of at most %(count)d lines.") % {"count": LARGEST_CART}
            )
        if len({line["price"].currency for line in attrs}) > 1:
            raise serializers.ValidationError(_("All lines of a cart have one currency."))
        return attrs


def lines_field(**kwargs: Any) -> LinesField:
    """Return the field for a cart's lines."""
    return LinesField(child=LineSerializer(), **kwargs)


class PlacedSerializer(StrictSerializer):
    """Where an order is placed, and how its prices are stated."""

    channel = serializers.CharField(
        max_length=50, required=False, default="", allow_blank=True, help_text="As web, app, store."
    )
    prices = serializers.ChoiceField(
        choices=["gross", "net"], default="gross", help_text="With or without tax."
    )


class OrderSerializer(PlacedSerializer):
    """An order that is being paid."""

    id = serializers.CharField(max_length=100)
    lines = lines_field(allow_empty=False)


class RefundSerializer(StrictSerializer):
    """Goods that came back, by what they cost before discounts."""

    id = serializers.CharField(max_length=60, help_text="The shop's number; a repeat counts nothing.")
    amount = MoneyField()


def order_of(body: Mapping[str, Any], order_id: str | None = None) -> Order:
    """Return a validated order, or a cart that is none yet, as the services take it."""
    lines, currency = cart_of(body["lines"])
    number = body["id"] if order_id is None else order_id
    return Order(number, lines, currency, body.get("channel", ""), body.get("prices", "gross"))


def cart_of(lines: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """Split validated lines into the services' form (plain Decimal prices) and their currency."""
    currency = lines[0]["price"].currency if lines else settings.SHOP_CURRENCY
    return [{**line, "price": line["price"].amount} for line in lines], currency
