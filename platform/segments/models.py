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
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SegmentMembership(models.Model):
    """A stay of a customer in a segment; an open stay is current membership."""

    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("segment")
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("customer")
    )
    entered_at = models.DateTimeField(_("entered"))
    left_at = models.DateTimeField(_("left"), null=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "customer"], condition=models.Q(left_at=None), name="membership_open_once"
            )
        ]
        indexes = [models.Index(fields=["customer", "-entered_at"])]

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.segment_id}"


class SegmentRun(models.Model):
    """One refresh: how long it took, what changed, what went wrong."""

    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, related_name="runs", verbose_name=_("segment")
    )
    as_of = models.DateTimeField(_("as of"))
    started_at = models.DateTimeField(_("started"))
    duration_ms = models.PositiveIntegerField(_("milliseconds"), null=True)
    size = models.PositiveIntegerField(_("people"), null=True)
    entered = models.PositiveIntegerField(_("entered"), default=0)
    left = models.PositiveIntegerField(_("left"), default=0)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("refresh")
        verbose_name_plural = _("refreshes")
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.segment_id} {self.started_at:%Y-%m-%d %H:%M}"
