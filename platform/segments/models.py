"""Audiences: a versioned rule, who is in, and how that changed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from customers.models import Customer

#: The rule language's own version number, stored with every rule.
RULE_LANGUAGE = 2


class Segment(models.Model):
    """A named audience. Its rule is a JSON tree; see segments.rules."""

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", _("by rule")
        STATIC = "static", _("by list")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(_("short name"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=150)
    description = models.CharField(_("description"), max_length=300, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.DYNAMIC)
    rule = models.JSONField(_("rule"), default=dict, blank=True)
    rule_language = models.PositiveSmallIntegerField(default=RULE_LANGUAGE, editable=False)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    ready_made = models.BooleanField(_("ready-made"), default=False, editable=False)
    size = models.PositiveIntegerField(_("people"), null=True, editable=False)
    refreshed_at = models.DateTimeField(_("counted"), null=True, editable=False)
    counted_version = models.PositiveIntegerField(
        null=True, editable=False, help_text=_("The version of the rule that the members follow.")
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Cause(models.TextChoices):
    """Why somebody entered or left."""

    FIRST = "first", _("the segment was counted for the first time")
    RULE = "rule", _("the customer changed, or time passed")
    EDITED = "edited", _("the rule was changed")
    LIST = "list", _("by hand")


class SegmentMembership(models.Model):
    """A stay of a customer in a segment; an open stay is current membership."""

    segment = models.ForeignKey(
        Segment,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("segment"),
        db_index=False,
    )
    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("customer"),
        db_index=False,
    )
    entered_at = models.DateTimeField(_("entered"))
    left_at = models.DateTimeField(_("left"), null=True)
    entered_by = models.CharField(
        _("why entered"), max_length=10, choices=Cause, default=Cause.RULE, db_default=Cause.RULE.value
    )
    left_by = models.CharField(_("why left"), max_length=10, choices=Cause, blank=True, db_default="")

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "customer"], condition=models.Q(left_at=None), name="membership_open_once"
            )
        ]
        indexes = [
            models.Index(fields=["customer", "-entered_at"]),
            models.Index(fields=["segment", "-entered_at"], name="membership_entered"),
            models.Index(
                fields=["segment", "-left_at"],
                name="membership_left",
                condition=models.Q(left_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.segment_id}"


class SegmentRun(models.Model):
    """One refresh: how long it took, what changed, what went wrong."""

    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, related_name="runs", verbose_name=_("segment"), db_index=False
    )
    as_of = models.DateTimeField(_("as of"))
    started_at = models.DateTimeField(_("started"))
    duration_ms = models.PositiveIntegerField(_("milliseconds"), null=True)
    size = models.PositiveIntegerField(_("people"), null=True)
    entered = models.PositiveIntegerField(_("entered"), default=0)
    left = models.PositiveIntegerField(_("left"), default=0)
    error = models.TextField(_("error"), blank=True)
    complete = models.BooleanField(
        _("complete"),
        default=True,
        db_default=True,
        help_text=_("Everybody was looked at, not only those who changed."),
    )
    changed = models.PositiveIntegerField(_("looked at"), null=True)

    class Meta:
        verbose_name = _("refresh")
        verbose_name_plural = _("refreshes")
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["segment", "-as_of"], name="run_latest")]

    def __str__(self) -> str:
        return f"{self.segment_id} {self.started_at:%Y-%m-%d %H:%M}"
