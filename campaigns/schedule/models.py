"""The columns of a campaign that say when it goes, and the record of what set a triggered one off."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from delivery.rules.models import OnHolidays
from events.models import EventType
from segments.models import Segment


class Timing(models.TextChoices):
    """What sets a campaign off."""

    NOW = "now", _("at once, when it is launched")
    AT = "at", _("once, at a time")
    RECURRING = "recurring", _("again and again")
    TRIGGERED = "triggered", _("when somebody does something")


class Every(models.TextChoices):
    """How often a recurring campaign goes."""

    DAY = "day", _("every day")
    WEEK = "week", _("every week, on some days")
    MONTH = "month", _("every month")


class Late(models.TextChoices):
    """What happens to those for whom the hour has passed already."""

    AT_ONCE = "at_once", _("send at once")
    TOMORROW = "tomorrow", _("send at that hour tomorrow")
    LEAVE_OUT = "leave_out", _("leave them out")


class Scheduled(models.Model):
    """The schedule's own columns.

    `on_day` and `at_time` are read off the shop's clock, or with `each_zone` off each recipient's. The next
    slot that is due stands in `next_day` and `next_at`; whoever launches it moves them on in the same
    transaction.
    """

    timing = models.CharField(_("goes"), max_length=10, choices=Timing, default=Timing.NOW)
    on_day = models.DateField(
        _("on, or from"), null=True, blank=True, help_text=_("A recurring campaign begins on this day.")
    )
    at_time = models.TimeField(_("at"), null=True, blank=True)
    each_zone = models.BooleanField(
        _("by each recipient's own clock"),
        default=False,
        help_text=_("Their time zone, else their country's, else the shop's."),
    )
    learned_hours = models.BooleanField(
        _("at the hour learned for each"),
        default=False,
        db_default=False,
        help_text=_("For eight in ten; one in ten gets the usual time, one in ten any hour of the day."),
    )
    late = models.CharField(_("where the hour has passed"), max_length=10, choices=Late, default=Late.AT_ONCE)
    every = models.CharField(_("how often"), max_length=10, choices=Every, default=Every.WEEK)
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MaxValueValidator(6)]),
        verbose_name=_("days of the week"),
        default=list,
        blank=True,
    )
    month_day = models.PositiveSmallIntegerField(
        _("day of the month"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text=_("In a shorter month, its last day."),
    )
    ends_on = models.DateField(
        _("last day"), null=True, blank=True, help_text=_("Empty means until somebody ends it.")
    )
    trigger_event = models.CharField(_("when a customer"), max_length=20, choices=EventType, blank=True)
    trigger_where = models.JSONField(
        _("of these only"),
        default=dict,
        blank=True,
        help_text=_("As {“category”: …, “product”: …, “brand”: …, “properties”: {…}}."),
    )
    trigger_segment = models.ForeignKey(
        Segment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="triggers",
        verbose_name=_("or enters the segment"),
    )
    delay_minutes = models.PositiveIntegerField(
        _("minutes afterwards"), default=0, validators=[MaxValueValidator(60 * 24 * 365)]
    )
    unless_event = models.CharField(
        _("unless the customer meanwhile"), max_length=20, choices=EventType, blank=True
    )
    again_after_days = models.PositiveSmallIntegerField(
        _("at most once in so many days"), default=7, help_text=_("0 means each time.")
    )
    of_use_hours = models.PositiveSmallIntegerField(
        _("of use for so many hours"),
        default=48,
        validators=[MinValueValidator(1)],
        help_text=_("From the moment at which it should go. What could not be sent by then is left out."),
    )
    spread_hours = models.PositiveSmallIntegerField(
        _("spread over so many hours"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(168)],
        help_text=_("Each minute its share, drawn by lot. 0 means all at once."),
    )
    per_hour = models.PositiveIntegerField(
        _("messages per hour"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty means as fast as it goes."),
    )
    holidays = models.CharField(
        _("on public holidays"),
        max_length=10,
        choices=OnHolidays,
        default=OnHolidays.SEND,
        db_default=OnHolidays.SEND,
        help_text=_("Those of each recipient's country."),
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=0, help_text=_("When a frequency cap binds, the highest goes.")
    )
    looked_at = models.DateTimeField(
        null=True, editable=False, help_text=_("Up to when a triggered campaign has seen what happened.")
    )
    next_day = models.DateField(null=True, editable=False)
    next_at = models.DateTimeField(_("goes next"), null=True, editable=False, db_index=True)

    class Meta:
        abstract = True


class Firing(models.Model):
    """What set a triggered campaign off for somebody. Unique, so that nothing does so twice."""

    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, related_name="firings", db_index=False
    )
    customer_id = models.BigIntegerField()
    key = models.BigIntegerField(help_text="The event, or the stay in the segment.")
    occurred_at = models.DateTimeField()
    run_id = models.UUIDField()
    batch = models.UUIDField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "customer_id", "key"], name="firing_once")]
        verbose_name = _("trigger")
        verbose_name_plural = _("triggers")

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.customer_id}"


class PersonHour(models.Model):
    """The hour of their own clock at which somebody is most likely to answer (campaigns.tuning.send_hours).

    Derived and replaced as a whole. `rate` is the chance of a click that is expected then, `low` and `high`
    its 95 % range; `acts` and `sent` are what of it is the person's own: with neither it is their persona's
    hour.
    """

    customer = models.OneToOneField(
        Customer, primary_key=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("customer")
    )
    hour = models.PositiveSmallIntegerField(_("hour"))
    rate = models.FloatField(_("expected clicks"))
    low = models.FloatField(_("at least"), default=0, db_default=0)
    high = models.FloatField(_("at most"), default=1, db_default=1)
    acts = models.PositiveIntegerField(_("own acts"), default=0)
    sent = models.PositiveIntegerField(_("messages"), default=0)

    class Meta:
        verbose_name = _("learned hour")
        verbose_name_plural = _("learned hours")

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.hour}"
