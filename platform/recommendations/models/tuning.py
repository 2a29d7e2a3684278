"""Who serves which use, and what measurements changed about it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.ids import uuid7
from recommendations.models.strategies import Strategy


class TuningDecision(models.Model):
    """What a measurement changed, with its evidence; reversible."""

    class Kind(models.TextChoices):
        STRATEGY = "strategy", _("strategy")
        BLEND = "blend", _("blend")

    class Verdict(models.TextChoices):
        BETTER = "better", _("better")
        WORSE = "worse", _("worse")
        NO_DIFFERENCE = "no difference", _("no difference")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    use = models.CharField(_("use"), max_length=50)
    reference = models.CharField(
        _("evidence from"), max_length=100, help_text="Opaque: the experiment that higher layers know."
    )
    verdict = models.CharField(_("verdict"), max_length=20, choices=Verdict)
    evidence = models.JSONField(_("evidence"))
    before = models.JSONField(_("before"))
    after = models.JSONField(_("after"))
    changed = models.BooleanField(_("changed something"))
    as_of = models.DateTimeField(_("as of"))
    created_at = models.DateTimeField(_("decided"))
    decided_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("decided by")
    )
    reverted_at = models.DateTimeField(_("rolled back"), null=True)
    reverted_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("rolled back by")
    )

    class Meta:
        verbose_name = _("tuning decision")
        verbose_name_plural = _("tuning decisions")
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["kind", "use", "reference"], name="tuning_once")]

    def __str__(self) -> str:
        return f"{self.use}: {self.verdict}"


class Champion(models.Model):
    """The strategy that serves a use, as “email:replenish”, and since when."""

    use = models.CharField(_("use"), max_length=50, unique=True)
    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, verbose_name=_("strategy"))
    since = models.DateTimeField(_("since"))
    decision = models.ForeignKey(
        TuningDecision, null=True, on_delete=models.SET_NULL, verbose_name=_("decided by")
    )

    class Meta:
        verbose_name = _("champion")
        verbose_name_plural = _("champions")
        ordering = ["use"]

    def __str__(self) -> str:
        return f"{self.use}: {self.strategy}"


class Posterior(models.Model):
    """What the measurements so far say about a tunable thing; the next training starts from it."""

    subject = models.CharField(
        _("about"), max_length=100, help_text="As “blend:replenish” or “strategy:email:replenish”."
    )
    key = models.CharField(_("arm"), max_length=100, blank=True)
    parameters = models.JSONField(_("parameters"))
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("posterior")
        verbose_name_plural = _("posteriors")
        constraints = [models.UniqueConstraint(fields=["subject", "key"], name="posterior_once")]

    def __str__(self) -> str:
        return f"{self.subject} {self.key}".strip()
