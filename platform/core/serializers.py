"""What the serializers of the REST interface share."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.money import Money
from core.validation import Digits, json_error, printable


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that reads JSON as it is written.

    It refuses fields that it does not know, as a misspelt one must not pass in silence, and values of
    another type than the document states, which REST framework would turn into something: a number for
    an id (1.0 is no id), “yes” for true.
    """

    @classmethod
    def read(cls, data: Any) -> dict[str, Any]:
        """Return the validated body of a call, or raise what `is_valid` raises.

        A serializer of one's own costs a copy of every field, ten times what checking a small body does.
        To check changes nothing in it, so all calls share one.
        """
        try:
            return dict(_shared(cls).run_validation(data))
        except serializers.ValidationError:
            form = cls(data=data)
            form.is_valid(raise_exception=True)
            return dict(form.validated_data)

    def to_internal_value(self, data: Any) -> Any:
        """Name the unknown fields and those of another type, then validate the others."""
        if isinstance(data, Mapping):
            known = {name: field for name, field in self.fields.items() if not field.read_only}
            if unknown := sorted(str(name) for name in data if name not in known):
                hint = _("Unknown field. Known are: %(names)s.") % {"names": ", ".join(sorted(known))}
                raise serializers.ValidationError({printable(name): [hint] for name in unknown[:20]})
            wrong = {n: [told] for n, value in data.items() if (told := _another_type(known[n], value))}
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)


@cache
def _shared(kind: type[StrictSerializer]) -> StrictSerializer:
    return kind()


def _another_type(field: serializers.Field[Any, Any, Any, Any], value: Any) -> Any:
    """Return what is wrong with a value that is not of the field's type in JSON, or None."""
    if value is None:
        return None  # the field says whether it may be empty
    if isinstance(field, serializers.ListField) and isinstance(value, list) and field.child:
        return next(filter(None, (_another_type(field.child, part) for part in value)), None)
    for kind, right, told in _TYPES:
        if isinstance(field, kind):
            return None if right(value) else told
    return None


def _is_whole(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())  # 5.0 is whole in JSON Schema


def is_plain_number(value: Any) -> bool:
    """Say whether a value is a JSON number or plain ASCII digits as text, without an exponent or a blank."""
    return type(value) in (int, float) or (type(value) is str and _PLAIN.fullmatch(value) is not None)


PLAIN_NUMBER = _("Send a number, or plain digits as text, without an exponent, like “12.30”.")
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], Callable[[Any], bool], Any], ...] = (
    (serializers.CharField, lambda value: type(value) is str, _("Send it as text, in quotes.")),
    (serializers.BooleanField, lambda value: type(value) is bool, _("Send true or false, without quotes.")),
    (serializers.IntegerField, _is_whole, _("Send a whole number, without quotes.")),
    (serializers.DecimalField, is_plain_number, PLAIN_NUMBER),
)


@extend_schema_field(Digits(12, 2).schema)
class AmountField(serializers.DecimalField):
    """An amount from 0 on with two decimals at most, as a JSON number or as plain digits in a text."""

    digits = Digits(12, 2)
    default_error_messages = {
        "digits": _(
            "Write the amount as a number from 0 on with two decimals at most and without an exponent, like"
            " “12.30”."
        )
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=14, decimal_places=2, **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the amount; JSON numbers are rounded to the cent."""
        number = self.digits.read(data)
        if number is None:
            self.fail("digits")
        return number


class MoneySerializer(StrictSerializer):
    """An amount in a currency, as `{"amount": "12.30", "currency": "EUR"}`; a Money inside."""

    amount = AmountField()
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
