"""What the one before keeps after a promotion, so that the new one's effect is measured once more."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from recommendations.models import TuningDecision


class Holdback(models.Model):
    """A share of people that the strategy before a promotion keeps, for two campaigns.

    Sized by the effect that it could detect (`detectable`, relative). `result` is what was seen at the end.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        KEPT = "kept", _("the new one stays")
        ROLLED_BACK = "rolled back", _("rolled back")
        ENDED = "ended", _("ended by another decision")

    decision = models.OneToOneField(TuningDecision, on_delete=models.CASCADE, related_name="holdback")
    use = models.CharField(_("use"), max_length=100)
    old = models.CharField(_("before"), max_length=50)
    new = models.CharField(_("now"), max_length=50)
    share = models.FloatField(_("share of the one before"))
    detectable = models.FloatField(_("smallest effect it could see"), null=True)
    planned = models.PositiveIntegerField(_("planned people"), default=0)
    campaigns = ArrayField(models.UUIDField(), default=list)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.RUNNING)
    result = models.JSONField(_("result"), default=dict)
    created_at = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("holdback")
        verbose_name_plural = _("holdbacks")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.use}: {self.old} / {self.new}"
