"""Customers as partners see and write them."""

from typing import Any
from zoneinfo import available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from core import clock
from core.serializers import ObjectField, StrictSerializer
from core.validation import text_error
from customers.identity.kinds import MAX_LENGTH, Kind
from customers.models import Customer

#: What stands beside `external_id`, `email` and `phone`, which are fields of their own.
IDENTIFIERS = [kind.value for kind in Kind if kind not in (Kind.EXTERNAL_ID, Kind.EMAIL, Kind.PHONE)]

_CODES = {"locale", "time_zone", "country"}


class IdentifiersSerializer(StrictSerializer):
    """By what else a person is recognised, each under its kind."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return a text field a kind."""
        return {
            kind: serializers.CharField(max_length=MAX_LENGTH, required=False, validators=[_storable])
            for kind in IDENTIFIERS
        }


def _storable(value: str) -> None:
    if error := text_error(value):
        raise serializers.ValidationError(error)


class CustomerSerializer(StrictSerializer):
    """A customer as partners see and write it. Absent fields stay as they are, null clears."""

    first_name = serializers.CharField(max_length=100, required=False, allow_null=True, allow_blank=True)
    last_name = serializers.CharField(max_length=100, required=False, allow_null=True, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_null=True)
    phone = serializers.CharField(max_length=40, required=False, allow_null=True)
    birthday = serializers.DateField(required=False, allow_null=True)
    locale = serializers.RegexField(
        r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}$", max_length=20, required=False, allow_null=True,
        error_messages={"invalid": gettext_lazy("Write the language like en or zh-Hans.")},
    )  # fmt: skip
    time_zone = serializers.CharField(max_length=50, required=False, allow_null=True)
    country = serializers.RegexField(
        r"^[A-Z]{2}$", required=False, allow_null=True,
        error_messages={"invalid": gettext_lazy("Write the country as in ISO 3166, like DE.")},
    )  # fmt: skip
    attributes = ObjectField(required=False, allow_null=True)
    no_profiling = serializers.BooleanField(required=False)
    identifiers = IdentifiersSerializer(required=False)

    def validate_time_zone(self, value: str | None) -> str | None:
        """Take only zones that exist."""
        if value and value not in available_timezones():
            raise serializers.ValidationError(_("There is no such time zone. Write it like Europe/Berlin."))
        return value

    def validate_birthday(self, value: Any) -> str | None:
        """Take days of living people's lives."""
        if value and not 1900 <= value.year <= clock.now().year:
            raise serializers.ValidationError(_("The year must lie between 1900 and now."))
        return value.isoformat() if value else None


class CustomerRowSerializer(CustomerSerializer):
    """A customer in a bulk call."""

    external_id = serializers.RegexField(
        r"^[^/]+$", max_length=200,
        error_messages={"invalid": gettext_lazy("The id stands in addresses, so it cannot hold a slash.")},
    )  # fmt: skip


class IdentifierSerializer(serializers.Serializer[Any]):
    """By what a customer is recognised: the kind and since when. The values are kept as keyed hashes only."""

    kind = serializers.ChoiceField(choices=Kind.choices)
    since = serializers.DateTimeField(source="created_at")


class CustomerAnswerSerializer(CustomerRowSerializer):
    """A customer as it is stored."""

    recognised_by = IdentifierSerializer(many=True, read_only=True, source="identifiers.all")
    is_stub = serializers.BooleanField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: Customer) -> dict[str, Any]:
        """Return codes that are not known as null, so that the answer can be sent back as it is."""
        body = super().to_representation(instance)
        body["recognised_by"].sort(key=lambda identifier: (identifier["since"], identifier["kind"]))
        body.pop("identifiers", None)
        return {n: None if n in _CODES and v == "" else v for n, v in body.items()}
