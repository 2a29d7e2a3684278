"""Ways to recommend, what was trained of them, and which version of each serves."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.ids import uuid7


class Objective(models.TextChoices):
    """What a list is for: things bought before are allowed, or left out."""

    REPLENISH = "replenish", _("replenish")
    DISCOVER = "discover", _("discover")


class Strategy(models.Model):
    """A way to recommend: a model family with its parameters, blend and re-ranking."""

    key = models.SlugField(_("key"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    family = models.CharField(
        _("model"), max_length=50, help_text=_("A model name of the recommender, as “hybrid”.")
    )
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    reranking = models.JSONField(_("re-ranking"), default=dict, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    active = models.BooleanField(_("active"), default=True)
    precompute = models.BooleanField(
        _("lists kept ready"),
        default=False,
        help_text=_("Lists for everybody are computed with each training; a champion's always are."),
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("strategy")
        verbose_name_plural = _("strategies")
        ordering = ["name"]

    def __str__(self) -> str:
        return gettext(self.name) if self.name else self.key


class ModelVersion(models.Model):
    """One trained model: what it saw, how good it was, where its artefact lies."""

    class Stage(models.TextChoices):
        CANDIDATE = "candidate", _("candidate")
        CHALLENGER = "challenger", _("challenger")
        CHAMPION = "champion", _("champion")
        RETIRED = "retired", _("retired")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    strategy = models.ForeignKey(
        Strategy,
        on_delete=models.PROTECT,
        related_name="versions",
        verbose_name=_("strategy"),
        db_index=False,
    )
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.CANDIDATE)
    as_of = models.DateTimeField(_("trained on facts before"))
    data_from = models.DateTimeField(_("facts from"), null=True)
    rows = models.PositiveIntegerField(_("facts"), default=0)
    metrics = models.JSONField(_("figures"), default=dict)
    parameters = models.JSONField(_("fitted parameters"), default=dict, help_text=_("Such as blend weights."))
    fit_seconds = models.FloatField(_("seconds to fit"), null=True)
    strategy_version = models.PositiveIntegerField(_("version of the strategy"), default=1, db_default=1)
    warm = models.BooleanField(
        _("warm"),
        default=False,
        db_default=False,
        help_text=_("Learned from new facts with the blend of the version before; not measured by itself."),
    )
    gates = models.JSONField(
        _("gates"),
        default=list,
        blank=True,
        help_text=_("What was asked before it may serve, with the answers."),
    )
    lists_at = models.DateTimeField(_("lists computed"), null=True, blank=True)
    lists_progress = models.JSONField(
        _("lists ready so far"),
        default=dict,
        blank=True,
        help_text=_("By objective the last customer with a list, while they are made."),
    )
    code_version = models.CharField(_("code version"), max_length=64)
    artifact = models.CharField(_("artefact"), max_length=300)
    checksum = models.CharField(_("checksum"), max_length=64)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["strategy", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.strategy} {self.as_of:%Y-%m-%d}"


class Serving(models.Model):
    """A turn of a model version: from when to when it answered for its strategy, and who put it there.

    The open turn (without an end) is what serves; opening one ends the other in the same transaction, so
    a reader sees the old lists or the new ones, never a mixture.
    """

    class Why(models.TextChoices):
        TRAINED = "trained", _("trained and through all gates")
        PERSON = "person", _("put there by a person")
        ROLLED_BACK = "rolled_back", _("rolled back")

    strategy = models.ForeignKey(
        Strategy, on_delete=models.CASCADE, related_name="turns", verbose_name=_("strategy")
    )
    version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="turns", verbose_name=_("model version")
    )
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True, blank=True)
    why = models.CharField(_("why"), max_length=20, choices=Why)
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("turn of service")
        verbose_name_plural = _("turns of service")
        ordering = ["-since", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["strategy"], condition=models.Q(until=None), name="one_version_serves"
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.since:%Y-%m-%d}"
