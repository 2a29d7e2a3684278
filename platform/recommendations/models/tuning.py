"""Who serves which use, and what measurements changed about it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.ids import uuid7
from recommendations.models.strategies import Strategy


class TuningDecision(models.Model):
    """What a measurement changed or would change, with its evidence; reversible, never deleted.

    `kind` names an entry of `recommendations.services.tuning.kinds`, which knows how to apply and undo it;
    `use` is what it is about. `before` and `after` are all that apply and undo need. `expected` is the
    effect to be forecast: the measured one, and shrunk to what such decisions brought so far.
    """

    class Kind(models.TextChoices):
        STRATEGY = "strategy", _("strategy")
        BLEND = "blend", _("blend")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("waits for a person")
        APPLIED = "applied", _("applied")
        NOTED = "noted", _("noted, nothing changed")
        DECLINED = "declined", _("declined")
        OVERTAKEN = "overtaken", _("overtaken by newer evidence")
        ROLLED_BACK = "rolled back", _("rolled back")

    class Verdict(models.TextChoices):
        BETTER = "better", _("better")
        WORSE = "worse", _("worse")
        NO_DIFFERENCE = "no difference", _("no difference")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=30)
    use = models.CharField(_("about"), max_length=100)
    state = models.CharField(
        _("state"), max_length=12, choices=State, default=State.APPLIED, db_default=State.APPLIED
    )
    reference = models.CharField(
        _("evidence from"), max_length=150, help_text=_("Opaque: the experiment that higher layers know.")
    )
    verdict = models.CharField(_("verdict"), max_length=20, choices=Verdict, blank=True)
    evidence = models.JSONField(_("evidence"))
    expected = models.JSONField(_("expected effect"), null=True)
    before = models.JSONField(_("before"))
    after = models.JSONField(_("after"))
    changed = models.BooleanField(_("changed something"))
    as_of = models.DateTimeField(_("as of"))
    created_at = models.DateTimeField(_("found"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("decided by")
    )
    reverted_at = models.DateTimeField(_("rolled back"), null=True)
    reverted_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("rolled back by")
    )

    reason = models.CharField(_("reason"), max_length=300, blank=True, db_default="")

    class Meta:
        verbose_name = _("tuning decision")
        verbose_name_plural = _("tuning decisions")
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["kind", "use", "reference"], name="tuning_once")]
        indexes = [models.Index(fields=["-created_at"], name="tuning_newest")]

    def __str__(self) -> str:
        return f"{self.use}: {self.verdict}"


class TuningPolicy(models.Model):
    """What the shop lets one kind of decision do by itself; without a row the kind's own default holds."""

    class Mode(models.TextChoices):
        AUTO = "auto", _("apply by itself")
        APPROVE = "approve", _("ask a person first")
        OFF = "off", _("only note it")

    kind = models.CharField(_("kind"), max_length=30, unique=True)
    mode = models.CharField(_("what it may do"), max_length=10, choices=Mode)
    changed_at = models.DateTimeField(_("changed"))
    changed_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("tuning policy")
        verbose_name_plural = _("tuning policies")
        ordering = ["kind"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.mode}"


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
        _("about"), max_length=100, help_text=_("As “blend:replenish” or “strategy:email:replenish”.")
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
