"""Segments, previews and members as JSON."""

from typing import Any

from rest_framework import serializers

from core.serializers import StrictSerializer
from segments import selectors
from segments.explain import explain
from segments.lists import MOST
from segments.models import Segment, SegmentMembership, SegmentRun
from segments.rules import RuleError


class RuleIn(StrictSerializer):
    """A rule to look at."""

    rule = serializers.JSONField()


class SegmentIn(StrictSerializer):
    """A segment: by rule, or a list (`kind: static`) whose members are given by hand."""

    name = serializers.CharField(max_length=150)
    slug = serializers.SlugField(max_length=100, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    kind = serializers.ChoiceField(Segment.Kind.choices, default=Segment.Kind.DYNAMIC)
    rule = serializers.JSONField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A rule belongs to a segment by rule, and to no list."""
        if self.instance and "kind" not in self.initial_data:
            attrs["kind"] = self.instance.kind
        kind = attrs["kind"]
        if kind == Segment.Kind.STATIC and attrs.get("rule"):
            raise serializers.ValidationError({"rule": ["A list has no rule."]})
        if kind == Segment.Kind.DYNAMIC and not self.partial and "rule" not in attrs:
            raise serializers.ValidationError({"rule": ["This field is required."]})
        return attrs


class SegmentOut(serializers.Serializer[Segment]):
    """A segment; `size` is null until it was counted."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    kind = serializers.CharField()
    rule = serializers.JSONField()
    rule_language = serializers.IntegerField()
    sentence = serializers.SerializerMethodField()
    version = serializers.IntegerField()
    ready_made = serializers.BooleanField()
    size = serializers.IntegerField(allow_null=True)
    refreshed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_name(self, segment: Segment) -> str:
        """Return the name in the caller's language."""
        return selectors.display_name(segment)

    def get_description(self, segment: Segment) -> str:
        """Return the description in the caller's language."""
        return selectors.display_description(segment)

    def get_sentence(self, segment: Segment) -> str:
        """Return the rule in words; empty for a list."""
        try:
            return explain(segment.rule) if segment.kind == Segment.Kind.DYNAMIC else ""
        except RuleError:
            return ""


class PartOut(serializers.Serializer[Any]):
    """How many fit a part of a rule; `path` says where it stands in the tree."""

    path = serializers.CharField()
    size = serializers.IntegerField()


class WithheldOut(serializers.Serializer[Any]):
    """A member that is null because the key lacks a scope."""

    member = serializers.CharField()
    scope = serializers.CharField()


class PersonOut(serializers.Serializer[Any]):
    """A customer who fits, with a few figures; null where no profile is known."""

    customer = serializers.CharField()
    orders = serializers.IntegerField(allow_null=True)
    revenue = serializers.CharField(allow_null=True)
    last_order_at = serializers.DateTimeField(allow_null=True)
    lifecycle = serializers.CharField(allow_null=True)


class PreviewOut(serializers.Serializer[Any]):
    """What a rule finds."""

    size = serializers.IntegerField()
    total = serializers.IntegerField(help_text="All customers.")
    reachable = serializers.IntegerField(help_text="By e-mail.")
    channels = serializers.DictField(child=serializers.IntegerField())
    conditions = PartOut(many=True)
    sample = PersonOut(many=True, allow_null=True, help_text="Some who fit; needs customers:read.")
    ms = serializers.IntegerField()
    withheld = WithheldOut(many=True, help_text="What the key may not see; empty when it may see all.")


class SentenceOut(serializers.Serializer[Any]):
    """A rule in words."""

    sentence = serializers.CharField()


class OverlapRowOut(serializers.Serializer[Any]):
    """How many a segment shares with a rule."""

    slug = serializers.CharField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    both = serializers.IntegerField()


class OverlapOut(serializers.Serializer[Any]):
    """What a rule shares with the segments there are, the most first."""

    size = serializers.IntegerField()
    segments = OverlapRowOut(many=True)


class WhyOut(serializers.Serializer[Any]):
    """Why a customer is in a segment or not: each node with `fits`, `words`, `value` and its `parts`."""

    customer = serializers.CharField()
    member = serializers.BooleanField(help_text="Whether the rule fits now.")
    listed = serializers.BooleanField(help_text="Whether the last refresh found them in.")
    entered_at = serializers.DateTimeField(allow_null=True)
    tree = serializers.JSONField(
        allow_null=True, help_text="Null for a list. Each `value` in it needs customers:read."
    )
    withheld = WithheldOut(many=True, help_text="What the key may not see; empty when it may see all.")


class MembersIn(StrictSerializer):
    """Who enters and who leaves a list: customer ids or e-mail addresses."""

    add = serializers.ListField(
        child=serializers.CharField(max_length=320), max_length=MOST, required=False, default=list
    )
    remove = serializers.ListField(
        child=serializers.CharField(max_length=320), max_length=MOST, required=False, default=list
    )


class MembersOut(serializers.Serializer[Any]):
    """What became of the names; `unknown` are those that nobody has."""

    entered = serializers.IntegerField()
    left = serializers.IntegerField()
    size = serializers.IntegerField()
    unknown = serializers.ListField(child=serializers.CharField())


class MemberOut(serializers.Serializer[SegmentMembership]):
    """A customer in a segment."""

    customer = serializers.CharField(source="customer.external_id")
    entered_at = serializers.DateTimeField()
    entered_by = serializers.CharField()


class RunOut(serializers.Serializer[SegmentRun]):
    """A refresh; an incremental one (`complete: false`) looked at `changed` customers."""

    as_of = serializers.DateTimeField()
    started_at = serializers.DateTimeField()
    duration_ms = serializers.IntegerField(allow_null=True)
    complete = serializers.BooleanField()
    changed = serializers.IntegerField(allow_null=True)
    size = serializers.IntegerField(allow_null=True)
    entered = serializers.IntegerField()
    left = serializers.IntegerField()
    error = serializers.CharField()


class _Page(serializers.Serializer[Any]):
    """One page of a list, with the addresses of its neighbours."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class SegmentPage(_Page):
    """One page of the segments."""

    results = SegmentOut(many=True)


class MemberPage(_Page):
    """One page of a segment's members."""

    results = MemberOut(many=True)


class RunPage(_Page):
    """One page of a segment's refreshes."""

    results = RunOut(many=True)
