"""What a test measures."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .designs import Experiment


class Metric(models.Model):
    """One measure of an experiment: what is counted, for how long, and what it is there for.

    `measure` names an entry of campaigns.experiments.measures. `margin` is the harm that a guardrail still
    tolerates: a share of the control's mean when `relative`, else in the measure's own unit. A metric that
    is changed after the start becomes a row of a new `series`; the old one stays as it was judged.
    """

    class Kind(models.TextChoices):
        PROPORTION = "proportion", _("share of people")
        MEAN = "mean", _("mean a person")
        RATIO = "ratio", _("ratio of two sums")
        QUANTILE = "quantile", _("quantile")

    class Role(models.TextChoices):
        PRIMARY = "primary", _("decides")
        SECONDARY = "secondary", _("is shown")
        GUARDRAIL = "guardrail", _("must not get worse")

    class Good(models.TextChoices):
        INCREASE = "increase", _("more is better")
        DECREASE = "decrease", _("less is better")

    experiment = models.ForeignKey(
        Experiment,
        on_delete=models.CASCADE,
        related_name="metrics",
        verbose_name=_("experiment"),
        db_index=False,
    )
    measure = models.CharField(_("measure"), max_length=40)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    role = models.CharField(_("role"), max_length=10, choices=Role)
    good = models.CharField(_("good is"), max_length=10, choices=Good, default=Good.INCREASE)
    window_days = models.PositiveSmallIntegerField(_("window in days"))
    cap = models.FloatField(
        _("cap"), null=True, blank=True, help_text=_("A quantile: the capped twin cuts off what is above.")
    )
    covariate_days = models.PositiveSmallIntegerField(
        _("days before"), default=0, help_text=_("What is known of these days takes noise away; 0 is none.")
    )
    quantile = models.FloatField(_("quantile"), null=True, blank=True)
    margin = models.FloatField(_("margin"), null=True, blank=True)
    relative = models.BooleanField(_("relative margin"), default=False)
    series = models.PositiveSmallIntegerField(_("series"), default=1)

    class Meta:
        verbose_name = _("metric")
        verbose_name_plural = _("metrics")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "series", "measure", "role"], name="metric_once"),
            models.UniqueConstraint(
                fields=["experiment", "series"], condition=models.Q(role="primary"), name="metric_one_primary"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} ({self.role})"
