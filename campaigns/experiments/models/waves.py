"""An audience written to in parts, the later ones by what the earlier ones showed."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from .designs import BUCKETS, Experiment


class Wave(models.Model):
    """One part of the audience: the buckets `low` to `high` under a salt of its own, and when it goes.

    `weights` are the arms' shares as they were decided (`decided_at`), with the `evidence` that led to them;
    they never change afterwards. The first wave goes with the launch, the others `after` it. A wave that
    was not `explored` in full has a floor at equal weights: `floor` is each arm's part of it.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="waves", db_index=False)
    number = models.PositiveSmallIntegerField(_("wave"))
    low = models.PositiveSmallIntegerField(_("first bucket"), default=0)
    high = models.PositiveSmallIntegerField(_("bucket after the last"), default=BUCKETS)
    after = models.DurationField(_("after the launch"), default=timedelta)
    due_at = models.DateTimeField(_("due"), null=True)
    weights = models.JSONField(_("shares"), null=True)
    floor = models.FloatField(_("floor"), default=0)
    evidence = models.JSONField(_("evidence"), default=dict)
    decided_at = models.DateTimeField(_("decided"), null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name = _("wave")
        verbose_name_plural = _("waves")
        ordering = ["experiment", "number"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "number"], name="wave_once"),
            models.CheckConstraint(
                condition=models.Q(low__lt=models.F("high")) & models.Q(high__lte=BUCKETS), name="wave_range"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(sent_at__isnull=True), name="wave_due"),
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id} wave {self.number}"
