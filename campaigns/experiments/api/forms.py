"""The bodies of calls about tests, and how a test is read."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from campaigns.experiments.measures import MEASURES
from campaigns.experiments.models import Experiment, Layer, Variant
from core.serializers import ObjectField, StrictSerializer

#: Customers in one call.
MOST = 1000


class VariantSerializer(StrictSerializer):
    """One arm; `levers` is whatever the partner's page reads, or what a campaign's message changes."""

    key = serializers.SlugField(max_length=50)
    name = serializers.CharField(max_length=150, required=False)
    weight = serializers.IntegerField(min_value=0, max_value=10_000, required=False)
    is_control = serializers.BooleanField(required=False)
    levers = ObjectField(
        required=False, help_text="Of a campaign's arms: subject, content, strategy, pool, send_hour."
    )


class NewExperimentSerializer(StrictSerializer):
    """A test to be made."""

    key = serializers.SlugField(max_length=100)
    name = serializers.CharField(max_length=150)
    hypothesis = serializers.CharField(max_length=500, required=False, allow_blank=True)
    salt = serializers.CharField(
        max_length=64, required=False, help_text="By which people are split; made when it is left out."
    )
    variants = VariantSerializer(many=True, allow_empty=False)
    metric = serializers.ChoiceField(
        [(key, key) for key in MEASURES], required=False, help_text="What decides; conversion by default."
    )
    window_days = serializers.IntegerField(min_value=1, max_value=365, required=False)
    holdout_share = serializers.DecimalField(
        max_digits=4, decimal_places=3, min_value=Decimal(0), max_value=Decimal("0.9"), required=False
    )
    alpha = serializers.FloatField(min_value=0.001, max_value=0.2, required=False)
    minimum_effect = serializers.FloatField(min_value=0.001, max_value=10, required=False)
    horizon = serializers.IntegerField(
        min_value=20,
        max_value=2_000_000_000,
        required=False,
        help_text="People in all; the planned looks are spread over them.",
    )
    planned_looks = serializers.IntegerField(min_value=1, max_value=50, required=False)
    layer = serializers.SlugField(
        max_length=100, required=False, help_text="Tests of one layer never meet the same person."
    )
    layer_share = serializers.FloatField(min_value=0.001, max_value=1, required=False)

    def validate_variants(self, variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give names to those without, and make the first one the control unless another is."""
        if len({variant["key"] for variant in variants}) < len(variants):
            raise serializers.ValidationError(_("Each arm needs a key of its own."))
        if not any(variant.get("is_control") for variant in variants):
            variants[0]["is_control"] = True
        for variant in variants:
            variant.setdefault("name", variant["key"])
        return variants


class ArmSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    """One arm as it is read."""

    class Meta:
        model = Variant
        fields = ("key", "name", "weight", "is_control", "levers")


class ExperimentSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    """A test as it is read."""

    variants = ArmSerializer(many=True, read_only=True)
    layer = serializers.SlugRelatedField[Layer](slug_field="key", read_only=True, allow_null=True)
    layer_buckets = serializers.SerializerMethodField()
    decision = serializers.JSONField(read_only=True, allow_null=True)

    class Meta:
        model = Experiment
        fields = (
            "key", "name", "kind", "state", "method", "hypothesis", "metric", "window_days", "alpha",
            "minimum_effect", "planned_looks", "horizon", "holdout_share", "layer", "layer_buckets",
            "series", "variants", "decision", "starts_at", "decided_at", "created_at",
        )  # fmt: skip

    def get_layer_buckets(self, experiment: Experiment) -> list[int]:
        """Return the buckets from and to, of 10,000."""
        return [experiment.layer_low, experiment.layer_high]


class CustomersSerializer(StrictSerializer):
    """Customers to be placed."""

    customers = serializers.ListField(
        child=serializers.CharField(max_length=200), allow_empty=False, max_length=MOST
    )


class PlacedSerializer(StrictSerializer):
    """Where a customer is: in an arm, held out, or in no test and why."""

    customer = serializers.CharField()
    variant = serializers.CharField(allow_null=True)
    held_out = serializers.BooleanField()
    propensity = serializers.FloatField(allow_null=True)
    bucket = serializers.IntegerField(allow_null=True)
    reason = serializers.ChoiceField(
        ["", "unknown_customer", "control_group", "outside_layer", "not_running"], required=False
    )


class PlacementsSerializer(StrictSerializer):
    """Each customer's place, in the order of the call."""

    assignments = PlacedSerializer(many=True)


class MeetingSerializer(StrictSerializer):
    """Somebody met the test."""

    customer = serializers.CharField(max_length=200)
    at = serializers.DateTimeField(required=False)


class ExposuresSerializer(StrictSerializer):
    """Those who met the test: both those who saw a variant and those held out who would have."""

    exposures = MeetingSerializer(many=True, allow_empty=False, max_length=MOST)  # type: ignore[call-arg]


class ExposedSerializer(StrictSerializer):
    """What became of a call's exposures."""

    accepted = serializers.IntegerField()
    repeated = serializers.IntegerField()
    unassigned = serializers.ListField(child=serializers.CharField())


class DecideSerializer(StrictSerializer):
    """A person's decision."""

    winner = serializers.SlugField(max_length=50)
    reason = serializers.CharField(max_length=300)
