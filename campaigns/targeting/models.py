"""Plans of offers: which values there are, what may be spent, and who gets which."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Job, User
from campaigns.coupons.models import CouponPool
from campaigns.experiments.models import Experiment
from core.ids import uuid7
from customers.models import Customer
from segments.models import Segment


class OfferPlan(models.Model):
    """A budget spread over an audience. Computed as often as wanted until its campaign is launched.

    `summary` is what the computation found: see campaigns.targeting.planning.
    """

    class Method(models.TextChoices):
        RULES = "rules", _("by segment: the first value that is open to somebody")
        REDEMPTION = "redemption", _("by expected margin from predicted redemption")
        UPLIFT = "uplift", _("by uplift where it is proven, otherwise by predicted redemption")

    class Basis(models.TextChoices):
        EXPECTED = "expected", _("the discounts that are expected")
        CERTAIN = "certain", _("the discounts if everybody redeems")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(_("short name"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=150)
    segment = models.ForeignKey(
        Segment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("audience"),
        help_text=_("Empty means everyone."),
    )
    method = models.CharField(_("method"), max_length=10, choices=Method, default=Method.UPLIFT)
    budget = models.DecimalField(
        _("budget"), max_digits=15, decimal_places=2, validators=[MinValueValidator(0)]
    )
    basis = models.CharField(_("the budget bounds"), max_length=10, choices=Basis, default=Basis.EXPECTED)
    currency = models.CharField(_("currency"), max_length=3, editable=False)
    margin_share = models.DecimalField(
        _("margin"),
        max_digits=5,
        decimal_places=4,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("Of a basket before discounts, as a share: 0.3 is 30 %."),
    )
    response = models.FloatField(
        _("response to value"),
        default=0.8,
        validators=[MinValueValidator(0), MaxValueValidator(3)],
        help_text=_("How the odds of redeeming grow with the discount: twice the discount, 2 to this power."),
    )
    holdout_share = models.DecimalField(
        _("held out"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.1"),
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal("0.5"))],
        help_text=_("Who gets nothing, by chance, so that the effect can be measured."),
    )
    window_days = models.PositiveSmallIntegerField(
        _("window in days"), default=28, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    summary = models.JSONField(_("summary"), default=dict, blank=True, editable=False)
    as_of = models.DateTimeField(_("as of"), null=True, editable=False)
    computed_at = models.DateTimeField(_("computed"), null=True, editable=False)
    launched_at = models.DateTimeField(_("launched"), null=True, editable=False)
    job = models.ForeignKey(Job, null=True, editable=False, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(
        User, null=True, editable=False, on_delete=models.SET_NULL, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("created"), editable=False)

    class Meta:
        verbose_name = _("offer plan")
        verbose_name_plural = _("offer plans")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class PlanValue(models.Model):
    """One value that a plan may give: a pool of codes, open to everybody or to a segment only."""

    plan = models.ForeignKey(OfferPlan, on_delete=models.CASCADE, related_name="values", db_index=False)
    pool = models.ForeignKey(
        CouponPool, on_delete=models.PROTECT, related_name="+", verbose_name=_("coupon pool")
    )
    segment = models.ForeignKey(
        Segment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("only for"),
    )
    worth = models.DecimalField(
        _("worth"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("What a use costs, where the benefit is neither a percentage nor an amount."),
    )

    class Meta:
        verbose_name = _("value of a plan")
        verbose_name_plural = _("values of a plan")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["plan", "pool"], name="plan_value_once")]

    def __str__(self) -> str:
        return str(self.pool)


class PlannedOffer(models.Model):
    """Who gets which value, and why. Without a value: nothing. `gain` and `cost` are expectations.

    A person held out has the value that they would have got. `facts` is what was known at the time:
    what later plans learn the effect from. It is empty for who refused profiling.
    """

    class Why(models.TextChoices):
        BEST = "best", _("gains most within the budget")
        BUDGET = "budget", _("the budget brings more elsewhere")
        LOSES = "loses", _("every value would cost more than it brings")
        CLOSED = "closed", _("no value is open to this person")
        REFUSED = "refused", _("refused to be profiled")

    id = models.BigAutoField(primary_key=True)
    plan = models.ForeignKey(OfferPlan, on_delete=models.CASCADE, related_name="offers", db_index=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("customer")
    )
    value = models.ForeignKey(
        PlanValue, null=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("value")
    )
    held_out = models.BooleanField(_("held out"), default=False)
    gain = models.FloatField(_("expected gain"), default=0)
    cost = models.FloatField(_("expected discount"), default=0)
    why = models.CharField(_("why"), max_length=10, choices=Why)
    facts = models.JSONField(_("known then"), default=dict)

    class Meta:
        verbose_name = _("planned offer")
        verbose_name_plural = _("planned offers")
        constraints = [models.UniqueConstraint(fields=["plan", "customer"], name="planned_offer_once")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.value_id or '–'}"


class KnownThen(models.Model):
    """What was known of somebody when a test that leaves people alone placed him or her.

    For campaigns that offer a code without a plan: later plans learn the effect of offers from it, as they do
    from PlannedOffer.facts. Nothing is kept of who refused profiling.
    """

    id = models.BigAutoField(primary_key=True)
    experiment = models.ForeignKey(
        Experiment, on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name=_("test")
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("customer")
    )
    facts = models.JSONField(_("known then"))

    class Meta:
        verbose_name = _("what was known then")
        verbose_name_plural = _("what was known then")
        constraints = [
            models.UniqueConstraint(fields=["experiment", "customer"], name="known_then_once"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.experiment_id}"
