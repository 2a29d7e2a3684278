"""What is known about each customer, derived from the facts as of a moment."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Category
from core.ids import uuid7
from customers.models import Customer


class Clustering(models.Model):
    """One fit of the personas: how it was made and how good it is."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    as_of = models.DateTimeField(_("as of"))
    k = models.PositiveSmallIntegerField(_("personas"))
    silhouette = models.FloatField(_("silhouette"))
    stability = models.FloatField(_("stability"))
    customers = models.PositiveIntegerField(_("customers"))
    explained = models.JSONField(_("share of variance on the map"), default=list)
    parameters = models.JSONField(_("parameters"), default=dict)
    artifact = models.CharField(max_length=300)
    checksum = models.CharField(max_length=64)
    active = models.BooleanField(_("in use"), default=False)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("clustering")
        verbose_name_plural = _("clusterings")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["active"], condition=models.Q(active=True), name="one_active_clustering"
            )
        ]

    def __str__(self) -> str:
        return f"{self.k} personas as of {self.as_of:%Y-%m-%d}"


class Persona(models.Model):
    """A group of customers who behave alike. Its number stays the same across refits."""

    number = models.PositiveSmallIntegerField(_("number"), unique=True)
    name = models.CharField(_("name"), max_length=150)
    name_edited = models.BooleanField(default=False, editable=False)
    traits = models.JSONField(_("what distinguishes it"), default=list)
    centre = models.JSONField(default=dict, editable=False)
    size = models.PositiveIntegerField(_("customers"), default=0)
    clustering = models.ForeignKey(Clustering, on_delete=models.PROTECT, related_name="personas")

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("personas")
        ordering = ["number"]

    def __str__(self) -> str:
        return self.name


class Lifecycle(models.TextChoices):
    """Where a customer stands with the shop."""

    PROSPECT = "prospect", _("never bought")
    NEW = "new", _("new")
    ACTIVE = "active", _("active")
    LAPSING = "lapsing", _("lapsing")
    LAPSED = "lapsed", _("lapsed")
    WON_BACK = "won_back", _("won back")


class RfmClass(models.TextChoices):
    """Groups by recency, frequency and money."""

    CHAMPIONS = "champions", _("champions")
    LOYAL = "loyal", _("loyal")
    BIG_SPENDERS_QUIET = "big_spenders_quiet", _("big spenders gone quiet")
    NEW = "new", _("new")
    PROMISING = "promising", _("promising")
    AT_RISK = "at_risk", _("at risk")
    HIBERNATING = "hibernating", _("hibernating")


class CustomerProfile(models.Model):
    """One wide row per customer, built by set-based SQL; every field's formula is in its help text."""

    customer = models.OneToOneField(
        Customer,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="profile",
        verbose_name=_("customer"),
    )
    as_of = models.DateTimeField(_("as of"))
    first_order_at = models.DateTimeField(_("first order"), null=True)
    last_order_at = models.DateTimeField(_("last order"), null=True)
    recency_days = models.FloatField(
        _("days since last order"),
        null=True,
        help_text=_("From the last order to the moment of the profile."),
    )
    tenure_days = models.FloatField(
        _("days since first order"),
        null=True,
        help_text=_("From the first order to the moment of the profile."),
    )
    orders = models.PositiveIntegerField(
        _("orders"), default=0, help_text=_("Distinct orders that were not cancelled.")
    )
    orders_90d = models.PositiveIntegerField(
        _("orders in 90 days"), default=0, help_text=_("Orders in the 90 days before the moment.")
    )
    units = models.DecimalField(
        _("units"), max_digits=14, decimal_places=3, default=0, help_text=_("Sum of quantities bought.")
    )
    products = models.PositiveIntegerField(
        _("different products"), default=0, help_text=_("Distinct products bought.")
    )
    revenue = models.DecimalField(
        _("revenue"), max_digits=14, decimal_places=2, default=0, help_text=_("Purchases less refunds.")
    )
    revenue_90d = models.DecimalField(
        _("revenue in 90 days"),
        max_digits=14,
        decimal_places=2,
        default=0,
        help_text=_("Purchases less refunds in the 90 days before the moment."),
    )
    refunds = models.DecimalField(
        _("refunds"), max_digits=14, decimal_places=2, default=0, help_text=_("Sum of what was given back.")
    )
    refund_share = models.FloatField(
        _("refund share"), null=True, help_text=_("Refunds ÷ purchases before refunds.")
    )
    basket_value = models.DecimalField(
        _("average basket"), max_digits=14, decimal_places=2, null=True, help_text=_("Revenue ÷ orders.")
    )
    basket_items = models.FloatField(_("items per basket"), null=True, help_text=_("Lines ÷ orders."))
    unit_price = models.DecimalField(
        _("average unit price"),
        max_digits=14,
        decimal_places=2,
        null=True,
        help_text=_("Purchases before refunds ÷ units."),
    )
    gap_days = models.FloatField(
        _("days between orders"),
        null=True,
        help_text=_("(Last − first order) ÷ (orders − 1); from two orders on."),
    )
    repeat_share = models.FloatField(
        _("repeat share"),
        null=True,
        help_text=_("1 − different products ÷ lines: how much is bought again."),
    )
    discount_share = models.FloatField(
        _("discount share"), null=True, help_text=_("Discounts ÷ (revenue + discounts).")
    )
    discounted_lines = models.FloatField(
        _("discounted lines"), null=True, help_text=_("Share of lines bought at a discount.")
    )
    sale_share = models.FloatField(
        _("share bought in sales"),
        null=True,
        help_text=_(
            "Share of spend in orders on a sale day of the calendar, or with a discount of 40 % and more."
        ),
    )
    holiday_share = models.FloatField(
        _("share bought on holidays"),
        null=True,
        help_text=_("Share of spend on public holidays of the shop's country."),
    )
    weekend_share = models.FloatField(
        _("weekend share"), null=True, help_text=_("Share of orders on Saturday or Sunday.")
    )
    daypart_affinity = models.JSONField(
        _("time of day"),
        default=dict,
        help_text=_(
            "Share of orders at night (before 6), in the morning (before 12), in the afternoon (before 18)"
            " and in the evening, halved every 90 days."
        ),
    )
    preferred_hour = models.PositiveSmallIntegerField(
        _("preferred hour"), null=True, help_text=_("The hour of most orders, in the shop's time zone.")
    )
    preferred_weekday = models.PositiveSmallIntegerField(
        _("preferred weekday"), null=True, help_text=_("The weekday of most orders; 1 is Monday.")
    )
    preferred_channel = models.CharField(
        _("preferred channel"),
        max_length=50,
        blank=True,
        help_text=_("The channel of most orders, or where they came from."),
    )
    top_category = models.ForeignKey(
        Category, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("top category")
    )
    category_affinity = models.JSONField(
        _("category affinity"),
        default=dict,
        help_text=_("Share of spend by top-level category, halved every 90 days."),
    )
    brand_affinity = models.JSONField(
        _("brand affinity"),
        default=dict,
        help_text=_("Share of spend by brand, halved every 90 days; the 20 largest."),
    )
    interests = models.JSONField(
        _("search interests"), default=list, help_text=_("The ten terms searched for most.")
    )
    rfm_r = models.PositiveSmallIntegerField(
        _("recency score"),
        null=True,
        help_text=_("1 to 5 by rank among all buyers; equal values score equally, 5 is best."),
    )
    rfm_f = models.PositiveSmallIntegerField(
        _("frequency score"), null=True, help_text=_("1 to 5 by rank of the number of orders.")
    )
    rfm_m = models.PositiveSmallIntegerField(
        _("money score"), null=True, help_text=_("1 to 5 by rank of revenue.")
    )
    rfm_class = models.CharField(
        _("RFM group"),
        max_length=20,
        choices=RfmClass,
        blank=True,
        help_text=_(
            "Frequency 4 or 5 with half of the spend or more in sales is promising at best. Champions: all"
            " scores 4 or 5. Big spenders gone quiet: money 4 or 5, recency 1 or 2. At risk:"
            " recency 1 or 2, frequency 3 or more. Loyal: frequency 4 or 5. New: one order, recency 4 or 5."
            " Promising: recency 3 or more. Hibernating: the rest."
        ),
    )
    lifecycle = models.CharField(
        _("lifecycle"),
        max_length=10,
        choices=Lifecycle,
        default=Lifecycle.PROSPECT,
        help_text=_(
            "New: first order within 30 days. Lapsing after two, lapsed after four of the customer's own gaps"
            " between orders (at least a week; the shop's median below three orders). Won back: returned"
            " within 60 days from such a silence."
        ),
    )
    # What the lifecycle needs beside the other figures, so that it can follow the shop's median.
    returned = models.BooleanField(default=False, editable=False, db_default=False)
    return_gap_days = models.FloatField(null=True, editable=False)
    persona = models.ForeignKey(
        Persona, null=True, on_delete=models.SET_NULL, related_name="profiles", verbose_name=_("persona")
    )
    map_x = models.FloatField(null=True)
    map_y = models.FloatField(null=True)
    computed_at = models.DateTimeField(_("computed"))

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        indexes = [
            models.Index(fields=["rfm_class"]),
            models.Index(fields=["lifecycle"]),
            models.Index(fields=["recency_days"]),
        ]

    def __str__(self) -> str:
        return str(self.customer_id)


class ProfileBuild(models.Model):
    """One complete build of all profiles, and how far it has come; another worker can go on with it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    as_of = models.DateTimeField(_("as of"))
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    facts = models.BigIntegerField(_("facts"), null=True)
    through = models.BigIntegerField(_("customers up to number"), default=0)
    customers = models.PositiveIntegerField(_("customers"), default=0)

    class Meta:
        verbose_name = _("build of profiles")
        verbose_name_plural = _("builds of profiles")
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M}"


class Study(models.Model):
    """Something found out about all customers together, as of a moment; the latest of a kind is shown."""

    class Kind(models.TextChoices):
        LIFECYCLE = "lifecycle", _("lifecycle")
        CLASSES = "classes", _("classes")
        PERSONAS = "personas", _("who moved between personas")
        TEXTS = "texts", _("interests and opinions")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    as_of = models.DateTimeField(_("as of"))
    known = models.BooleanField(_("known"))
    content = models.JSONField(
        _("content"), default=dict, help_text=_("What was found, or what is missing for it.")
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("study")
        verbose_name_plural = _("studies")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["kind", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.kind} as of {self.as_of:%Y-%m-%d}"


class CustomerTexts(models.Model):
    """What a customer's own words say: searches and reviews, weighed against everybody's."""

    customer = models.OneToOneField(
        Customer,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="texts",
        verbose_name=_("customer"),
    )
    interests = models.JSONField(
        _("interests"),
        default=list,
        help_text=_("The ten words of searches and reviews with the highest TF-IDF among all customers."),
    )
    reviews = models.PositiveIntegerField(_("reviews"), default=0)
    sentiment = models.FloatField(
        _("sentiment of reviews"),
        null=True,
        help_text=_("Mean over reviews, −1 to 1: good less bad words ÷ both, turned by a no before them."),
    )
    as_of = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("interests of a customer")
        verbose_name_plural = _("interests of customers")

    def __str__(self) -> str:
        return str(self.customer_id)


class SalePeriod(models.Model):
    """Days on which the shop sold at a discount to everybody, so that what was bought then is no loyalty."""

    name = models.CharField(_("name"), max_length=100)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))

    class Meta:
        verbose_name = _("sale period")
        verbose_name_plural = _("sale periods")
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")),
                name="sale_period_not_reversed",
                violation_error_message=_("The last day must not lie before the first."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class CalendarDay(models.Model):
    """A day of the shop that explains purchases by itself: a public holiday, or a sale."""

    day = models.DateField(_("day"), primary_key=True)
    holiday = models.CharField(_("holiday"), max_length=200, blank=True)
    sale = models.CharField(_("sale"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("day of the calendar")
        verbose_name_plural = _("calendar")
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class ScoreVersion(models.Model):
    """One training of one score: what it saw, how good it was, or what was missing for it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=20)
    as_of = models.DateTimeField(_("trained on facts before"))
    known = models.BooleanField(_("known"))
    active = models.BooleanField(_("in use"), default=False)
    model = models.CharField(_("model"), max_length=20, blank=True)
    customers = models.PositiveIntegerField(_("customers scored"), default=0)
    card = models.JSONField(
        _("card"),
        default=dict,
        help_text=_("How it was trained, compared and measured; for an unknown score, what is missing."),
    )
    drift = models.JSONField(
        _("drift"),
        default=list,
        help_text=_(
            "Population stability index of each feature against the training window; above 0.25 train again."
        ),
    )
    artifact = models.CharField(max_length=300, blank=True)
    checksum = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("score version")
        verbose_name_plural = _("score versions")
        ordering = ["-created_at", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(active=True), name="one_active_score_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} as of {self.as_of:%Y-%m-%d}"


class CustomerScore(models.Model):
    """A model's statement about a customer. A missing row means: not known."""

    class Kind(models.TextChoices):
        CHURN = "churn", _("churn risk")
        PURCHASE = "purchase", _("will buy")
        REDEMPTION = "redemption", _("will redeem")
        CLICK = "click", _("will click")
        LIFETIME_VALUE = "lifetime_value", _("lifetime value")
        UPLIFT = "uplift", _("uplift")

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="scores", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    model_version = models.CharField(_("model version"), max_length=64)
    score = models.FloatField(_("score"))
    low = models.FloatField(_("from"), null=True)
    high = models.FloatField(_("to"), null=True)
    reasons = models.JSONField(_("reasons"), default=list)
    as_of = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        constraints = [models.UniqueConstraint(fields=["customer", "kind"], name="score_once")]
        indexes = [models.Index(fields=["kind", "score"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.score:.3f}"
