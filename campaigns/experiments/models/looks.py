"""What was found, look by look."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .designs import Experiment


class Snapshot(models.Model):
    """One look at an experiment: sufficient statistics and what they said. Append-only.

    `statistics` alone give `results` again, bit for bit. A `planned` look may decide, and spends of the
    error rate up to `fraction`, the share of the planned information; the others only watch.
    """

    experiment = models.ForeignKey(
        Experiment,
        on_delete=models.CASCADE,
        related_name="snapshots",
        verbose_name=_("experiment"),
        db_index=False,
    )
    look = models.PositiveSmallIntegerField(_("look"))
    series = models.PositiveSmallIntegerField(_("series"), default=1, db_default=1)
    planned = models.BooleanField(_("planned"), default=False, db_default=False)
    fraction = models.FloatField(_("share of the planned information"), null=True)
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
