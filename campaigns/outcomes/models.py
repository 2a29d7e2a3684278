"""Orders and the messages they are put down to, and what each day brought in sum."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Channel


class AttributionModel(models.TextChoices):
    """Which of several messages gets the order."""

    LAST = "last", _("last touch")
    FIRST = "first", _("first touch")


class Touchpoint(models.TextChoices):
    """What a person did with a message before the order; the later in this list, the stronger."""

    SENT = "sent", _("was sent")
    OPEN = "open", _("opened")
    CLICK = "click", _("clicked")
    COUPON = "coupon", _("redeemed its coupon")


class Tally(models.Model):
    """What came of a source's sendings, or of one of them, as it was counted last.

    Derived and replaced: it spares a report the pass over all its people. `figures` is read by whoever
    wrote it (campaigns.reports.figures).
    """

    source = models.CharField(_("source"), max_length=30)
    reference = models.CharField(_("reference"), max_length=64)
    run_id = models.UUIDField(_("run"), null=True, help_text="Null: all sendings together.")
    people = models.PositiveIntegerField(_("people"), default=0)
    begins_at = models.DateTimeField(_("window begins"))
    ends_at = models.DateTimeField(_("window ends"))
    known_until = models.DateTimeField(_("facts until"))
    counted_at = models.DateTimeField(_("counted"))
    seconds = models.FloatField(_("seconds it took"), default=0)
    figures = models.JSONField(_("figures"))

    class Meta:
        verbose_name = _("count of a campaign")
        verbose_name_plural = _("counts of campaigns")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "reference", "run_id"], name="tally_once", nulls_distinct=False
            )
        ]
        indexes = [
            models.Index(fields=["begins_at"], condition=models.Q(run_id__isnull=True), name="tally_begins")
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.reference}"


class Attribution(models.Model):
    """One order under one model. Derived: computed anew for any days, with the same result.

    `source` and `reference` name who sent the message, as the run does; `amount` is what the order is
    worth in the shop's currency, less what was refunded.
    """

    model = models.CharField(_("model"), max_length=5, choices=AttributionModel)
    customer_id = models.BigIntegerField(_("customer"))
    order_id = models.CharField(_("order"), max_length=100)
    ordered_at = models.DateTimeField(_("ordered"))
    source = models.CharField(_("source"), max_length=30)
    reference = models.CharField(_("reference"), max_length=64)
    run_id = models.UUIDField(_("run"))
    message = models.BigIntegerField(_("message"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    touch = models.CharField(_("touch"), max_length=6, choices=Touchpoint)
    touched_at = models.DateTimeField(_("touched"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)

    class Meta:
        verbose_name = _("attributed order")
        verbose_name_plural = _("attributed orders")
        constraints = [
            models.UniqueConstraint(fields=["model", "customer_id", "order_id"], name="attribution_once")
        ]
        indexes = [
            models.Index(fields=["source", "reference", "model"], name="attribution_source"),
            models.Index(fields=["ordered_at"], name="attribution_day"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} → {self.source} {self.reference}"


class CustomerDays(models.Model):
    """What one customer adds to the shop's days: the three lists are parallel, one entry a day.

    Kept so that a day's sums follow a change by its difference alone, and a customer's share can be taken
    out again. Orders of nobody known stand under a number below one, a day each (campaigns.outcomes.daily).
    """

    customer_id = models.BigIntegerField(_("customer"), primary_key=True)
    days = ArrayField(models.DateField())
    orders = ArrayField(models.IntegerField())
    revenue = ArrayField(models.DecimalField(max_digits=14, decimal_places=2))
    first_day = models.DateField(null=True)

    class Meta:
        verbose_name = _("customer's days")
        verbose_name_plural = _("customers' days")

    def __str__(self) -> str:
        return f"{self.customer_id}: {len(self.days)}"


class ShopDay(models.Model):
    """What was bought on one of the shop's days, net of what came back later.

    `customers` are different people; `first_orders` are those of people who had not bought before;
    `guest_orders` are those of nobody known, who are in neither.
    """

    day = models.DateField(_("day"), primary_key=True)
    orders = models.IntegerField(_("orders"))
    guest_orders = models.IntegerField(_("orders of guests"))
    customers = models.IntegerField(_("customers"))
    first_orders = models.IntegerField(_("first orders"))
    revenue = models.DecimalField(_("revenue"), max_digits=16, decimal_places=2)

    class Meta:
        verbose_name = _("day of the shop")
        verbose_name_plural = _("days of the shop")
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day}: {self.revenue}"


class RunDay(models.Model):
    """What of one run happened on a day: messages that went, and people's answers, each message once."""

    run_id = models.UUIDField(_("run"))
    day = models.DateField(_("day"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    sent = models.IntegerField(_("sent"))
    opened = models.IntegerField(_("opened"))
    clicked = models.IntegerField(_("clicked"))
    bounced = models.IntegerField(_("bounced"))
    complained = models.IntegerField(_("complained"))
    unsubscribed = models.IntegerField(_("unsubscribed"))

    class Meta:
        verbose_name = _("day of a run")
        verbose_name_plural = _("days of runs")
        constraints = [models.UniqueConstraint(fields=["run_id", "day"], name="run_day_once")]
        indexes = [models.Index(fields=["day"], name="run_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.sent}"


class CampaignDay(models.Model):
    """Orders of a day that are put down to campaigns of a channel (last touch)."""

    day = models.DateField(_("day"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    orders = models.IntegerField(_("orders"))
    revenue = models.DecimalField(_("revenue"), max_digits=16, decimal_places=2)

    class Meta:
        verbose_name = _("day of the campaigns")
        verbose_name_plural = _("days of the campaigns")
        constraints = [models.UniqueConstraint(fields=["day", "channel"], name="campaign_day_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.channel}: {self.revenue}"
