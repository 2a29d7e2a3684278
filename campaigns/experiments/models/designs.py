"""What is compared: experiments, their variants, and the layers that keep tests apart."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7

#: The buckets of a layer, as those of an experiment (statistics.assignment.BUCKETS).
BUCKETS = 10_000


class Layer(models.Model):
    """A way to split everybody so that tests do not meet: each test of a layer has buckets of its own."""

    key = models.SlugField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=150)
    salt = models.CharField(_("salt"), max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("layer")
        verbose_name_plural = _("layers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Experiment(models.Model):
    """A comparison of variants against each other and against people left alone.

    `horizon` is the number of people for whom the test is planned (None: all that it meets), `planned_looks`
    how often it may decide on the way there, and `minimum_effect` the relative effect that it was to see.
    With a layer only the people of its buckets take part. `series` counts how often the metrics were
    changed after the start: what was found before then is another series. `decision` says how it ended.
    """

    class Kind(models.TextChoices):
        LIVE = "live", _("live")
        REPLAY = "replay", _("offline, replay")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        DECIDED = "decided", _("decided")
        ARCHIVED = "archived", _("archived")

    class Method(models.TextChoices):
        FIXED = "fixed", _("fixed shares")
        WINNER = "winner", _("a part first, then the winner")
        BANDIT = "bandit", _("waves that learn")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.SlugField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.LIVE)
    method = models.CharField(
        _("method"), max_length=10, choices=Method, default=Method.FIXED, db_default=Method.FIXED
    )
    hypothesis = models.CharField(_("hypothesis"), max_length=500, blank=True)
    salt = models.CharField(
        _("salt"), max_length=64, unique=True, help_text=_("Fixed before the start and never changed.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    metric = models.CharField(_("primary metric"), max_length=50, default="conversion")
    alpha = models.FloatField(_("error rate"), default=0.05)
    minimum_effect = models.FloatField(_("smallest effect of interest"), null=True, blank=True)
    planned_looks = models.PositiveSmallIntegerField(
        _("planned looks"), default=1, db_default=1, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )
    horizon = models.PositiveIntegerField(_("planned people"), null=True, blank=True)
    holdout_share = models.DecimalField(_("held out"), max_digits=4, decimal_places=3, default=0)
    window_days = models.PositiveSmallIntegerField(_("goal window in days"), default=28)
    layer = models.ForeignKey(
        Layer, null=True, blank=True, on_delete=models.PROTECT, related_name="experiments",
        verbose_name=_("layer"),
    )  # fmt: skip
    layer_low = models.PositiveSmallIntegerField(_("first bucket"), default=0, db_default=0)
    layer_high = models.PositiveSmallIntegerField(
        _("bucket after the last"), default=BUCKETS, db_default=BUCKETS
    )
    series = models.PositiveSmallIntegerField(_("series"), default=1, db_default=1)
    decision = models.JSONField(_("decision"), null=True, blank=True, editable=False)
    starts_at = models.DateTimeField(_("started"), null=True)
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        ordering = ["-created_at"]
        permissions = [("run_experiment", _("Can start, stop and decide experiments"))]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(holdout_share__gte=0) & models.Q(holdout_share__lt=1),
                name="experiment_holdout_share",
            ),
            models.CheckConstraint(
                condition=models.Q(layer_low__lt=models.F("layer_high")) & models.Q(layer_high__lte=BUCKETS),
                name="experiment_layer_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """One arm: the levers in which it differs (campaigns.experiments.levers)."""

    experiment = models.ForeignKey(
        Experiment,
        on_delete=models.CASCADE,
        related_name="variants",
        verbose_name=_("experiment"),
        db_index=False,
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
