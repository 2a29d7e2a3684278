"""The wide row about one customer, and the words it uses."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Category
from customers.models import Customer
from profiles.models.personas import Persona


class Lifecycle(models.TextChoices):
    """Where a customer stands with the shop."""

    PROSPECT = "prospect", _("never bought")
    NEW = "new", pgettext_lazy("a customer", "new")
    ACTIVE = "active", _("active")
    LAPSING = "lapsing", _("lapsing")
    LAPSED = "lapsed", _("lapsed")
    WON_BACK = "won_back", _("won back")


class RfmClass(models.TextChoices):
    """Groups by recency, frequency and money."""

    CHAMPIONS = "champions", _("champions")
    LOYAL = "loyal", _("loyal")
    BIG_SPENDERS_QUIET = "big_spenders_quiet", _("big spenders gone quiet")
    NEW = "new", pgettext_lazy("a customer", "new")
    PROMISING = "promising", _("promising")
    AT_RISK = "at_risk", _("at risk")
    HIBERNATING = "hibernating", _("hibernating")


class CustomerProfile(models.Model):
    """One wide row per customer, built by set-based SQL; every field's formula is in its help text.

    Every row is written every night. The table therefore leaves half of each page free (fillfactor, set in
    a migration), so that a new row lies on its old one's page and no index has to follow; and what changes
    with every night, such as the days since the last order, has no index.
    """

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
        _("orders"),
        default=0,
        help_text=_("Distinct orders that were neither cancelled nor given back whole."),
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
    map_x = models.FloatField(_("place on the map, across"), null=True)
    map_y = models.FloatField(_("place on the map, up"), null=True)
    computed_at = models.DateTimeField(_("computed"))

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        indexes = [
            models.Index(fields=["rfm_class"]),
            models.Index(fields=["lifecycle"]),
        ]

    def __str__(self) -> str:
        return str(self.customer_id)
