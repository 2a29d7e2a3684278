"""What the serializers of the REST interface share."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.money import Money
from core.validation import json_error, printable


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses fields it does not know: a misspelt one must not pass in silence."""

    def to_internal_value(self, data: Any) -> Any:
        """Validate the known fields, then name the unknown ones."""
        known = {name for name, field in self.fields.items() if not field.read_only}
        unknown = sorted(str(name) for name in data if name not in known) if isinstance(data, Mapping) else []
        if unknown:
            hint = _("Unknown field. Known are: %(names)s.") % {"names": ", ".join(sorted(known))}
            raise serializers.ValidationError({printable(name): [hint] for name in unknown[:20]})
        return super().to_internal_value(data)


class MoneySerializer(StrictSerializer):
    """An amount in a currency, as `{"amount": "12.30", "currency": "EUR"}`; a Money inside."""

    amount = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=Decimal(0))
    currency = serializers.RegexField(
        r"^[A-Z]{3}$", error_messages={"invalid": _("Write the currency as in ISO 4217, like EUR.")}
    )

    def to_internal_value(self, data: Any) -> Money:
        """Return the Money."""
        value = super().to_internal_value(data)
        return Money(value["amount"], value["currency"])

    def to_representation(self, instance: Money) -> dict[str, str]:
        """Return the JSON of a Money."""
        return instance.as_json()


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.DictField):
    """A JSON object of the partner's own."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what is no object or cannot be stored."""
        if not isinstance(data, dict):
            raise serializers.ValidationError(_("Send an object, like {}."))
        if error := json_error(data):
            raise serializers.ValidationError(error)
        return data

    def to_representation(self, value: Any) -> Any:
        """Return it as stored."""
        return value


class RowErrorSerializer(serializers.Serializer[Any]):
    """A row that was not taken."""

    index = serializers.IntegerField(help_text="Its place in what was sent, from 0.")
    errors = serializers.DictField(  # type: ignore[assignment]  # a field named like a property
        child=serializers.ListField(child=serializers.CharField())
    )


class BulkResultSerializer(serializers.Serializer[Any]):
    """What became of the rows of a bulk call."""

    accepted = serializers.IntegerField()
    rejected = RowErrorSerializer(many=True)


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details (RFC 9457). `errors` names fields, or says what is wrong with the whole."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(required=False)
    errors = serializers.JSONField(required=False)  # type: ignore[assignment]  # named like a property
