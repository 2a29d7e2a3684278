"""Which recommenders exist, how good they are, which one serves, and why that changed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.ids import uuid7
from customers.models import Customer


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
        return self.name


class ModelVersion(models.Model):
    """One trained model: what it saw, how good it was, where its artefact lies."""

    class Stage(models.TextChoices):
        CANDIDATE = "candidate", _("candidate")
        CHALLENGER = "challenger", _("challenger")
        CHAMPION = "champion", _("champion")
        RETIRED = "retired", _("retired")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    strategy = models.ForeignKey(
        Strategy, on_delete=models.PROTECT, related_name="versions", verbose_name=_("strategy")
    )
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.CANDIDATE)
    as_of = models.DateTimeField(_("trained on facts before"))
    data_from = models.DateTimeField(_("facts from"), null=True)
    rows = models.PositiveIntegerField(_("facts"), default=0)
    metrics = models.JSONField(_("figures"), default=dict)
    parameters = models.JSONField(_("fitted parameters"), default=dict, help_text=_("Such as blend weights."))
    fit_seconds = models.FloatField(_("seconds to fit"), null=True)
    code_version = models.CharField(_("code version"), max_length=64)
    artifact = models.CharField(_("artefact"), max_length=300)
    checksum = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["strategy", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.strategy} {self.as_of:%Y-%m-%d}"


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


class RecommendationList(models.Model):
    """A precomputed list: the same positions hold product, score and reason."""

    model_version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="lists")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="recommendation_lists")
    objective = models.CharField(_("objective"), max_length=10, choices=Objective)
    product_ids = ArrayField(models.BigIntegerField())
    scores = ArrayField(models.FloatField())
    reasons = models.JSONField(default=list)
    fallback = models.BooleanField(_("fallback"), default=False)

    class Meta:
        verbose_name = _("recommendation list")
        verbose_name_plural = _("recommendation lists")
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "objective", "customer"], name="recommendation_list_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.objective} list of customer {self.customer_id}"


class Decision(models.Model):
    """What was shown to whom, with which probability and what came of it: the ranker's training set."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="decisions")
    slot = models.CharField(_("slot"), max_length=50)
    context = models.JSONField(_("context"), default=dict)
    eligible = models.JSONField(_("could have been"), default=list)
    action = models.JSONField(_("was"))
    propensity = models.FloatField(_("probability"))
    policy_version = models.CharField(_("policy version"), max_length=64)
    reward = models.FloatField(_("came of it"), null=True)
    at = models.DateTimeField(_("at"))
    rewarded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = [models.Index(fields=["customer", "-at"])]

    def __str__(self) -> str:
        return f"{self.slot} {self.id}"
