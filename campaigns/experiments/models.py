"""Tests: what differed, who got what with which probability, and what was found."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from customers.models import Customer


class Experiment(models.Model):
    """A comparison of variants against each other and against people left alone."""

    class Kind(models.TextChoices):
        LIVE = "live", _("live")
        REPLAY = "replay", _("offline, replay")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        DECIDED = "decided", _("decided")
        ARCHIVED = "archived", _("archived")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.SlugField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.LIVE)
    hypothesis = models.CharField(_("hypothesis"), max_length=500, blank=True)
    salt = models.CharField(
        _("salt"), max_length=64, help_text=_("Fixed before the start and never changed.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    metric = models.CharField(_("primary metric"), max_length=50, default="conversion")
    alpha = models.FloatField(_("error rate"), default=0.05)
    holdout_share = models.DecimalField(_("held out"), max_digits=4, decimal_places=3, default=0)
    window_days = models.PositiveSmallIntegerField(_("goal window in days"), default=28)
    starts_at = models.DateTimeField(_("started"), null=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(holdout_share__gte=0) & models.Q(holdout_share__lt=1),
                name="experiment_holdout_share",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """One arm: the levers in which it differs."""

    experiment = models.ForeignKey(
        Experiment, on_delete=models.CASCADE, related_name="variants", verbose_name=_("experiment")
    )
    key = models.SlugField(_("key"), max_length=50)
    name = models.CharField(_("name"), max_length=150)
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    is_control = models.BooleanField(_("control"), default=False)
    levers = models.JSONField(
        _("levers"), default=dict, blank=True, help_text=_('As {"strategy": "hybrid"} or {"subject": "…"}.')
    )

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["experiment", "key"], name="variant_once")]

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """Which arm a customer is in. Stored once, never recomputed. A null variant is the hold-out."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="assignments")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="assignments")
    variant = models.ForeignKey(Variant, null=True, on_delete=models.CASCADE, related_name="assignments")
    bucket = models.PositiveSmallIntegerField(_("bucket"))
    propensity = models.FloatField(_("probability"))
    policy_version = models.CharField(_("policy version"), max_length=64, default="fixed")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints = [models.UniqueConstraint(fields=["experiment", "customer"], name="assignment_once")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.variant_id or 'held out'}"


class Exposure(models.Model):
    """The moment a message went, or would have gone to a held-out person."""

    assignment = models.OneToOneField(
        Assignment, primary_key=True, on_delete=models.CASCADE, related_name="exposure"
    )
    at = models.DateTimeField(_("at"))
    ghost = models.BooleanField(_("held out"), default=False)

    class Meta:
        verbose_name = _("exposure")
        verbose_name_plural = _("exposures")

    def __str__(self) -> str:
        return str(self.assignment_id)


class Snapshot(models.Model):
    """One look at an experiment: sufficient statistics and what they said. Append-only."""

    experiment = models.ForeignKey(
        Experiment, on_delete=models.CASCADE, related_name="snapshots", verbose_name=_("experiment")
    )
    look = models.PositiveSmallIntegerField(_("look"))
    as_of = models.DateTimeField(_("as of"))
    statistics = models.JSONField(_("statistics"))
    results = models.JSONField(_("results"))
    code_version = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("analysis")
        verbose_name_plural = _("analyses")
        ordering = ["-look"]
        constraints = [models.UniqueConstraint(fields=["experiment", "look"], name="snapshot_once")]

    def __str__(self) -> str:
        return f"{self.experiment_id} look {self.look}"
