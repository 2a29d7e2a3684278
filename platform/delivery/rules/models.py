"""What an installation decides about sending. An empty channel, topic or market means every one."""

from datetime import date, time

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Channel

_COUNTRY = RegexValidator(
    r"^([A-Z]{2}|\*)$", _("Write a country's two capitals, as DE, or * for all others.")
)


def workdays_and_weekend() -> list[int]:
    """Return every day of the week, Monday first."""
    return list(range(7))


class QuietHours(models.Model):
    """A time of day in which marketing waits, by the recipient's own clock.

    From `begins` to `ends`, over midnight when `ends` is earlier; the same moment twice means the whole
    day. `weekdays` (0 is Monday) and `holidays` say on which days it begins.
    """

    name = models.CharField(_("name"), max_length=100)
    channel = models.CharField(
        _("channel"), max_length=10, choices=Channel, blank=True, help_text=_("Empty means every channel.")
    )
    topic = models.CharField(_("topic"), max_length=50, blank=True, help_text=_("Empty means every topic."))
    market = models.CharField(
        _("market"),
        max_length=2,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}$", _("Write a country's two capitals, as DE."))],
        help_text=_("Empty means every market."),
    )
    begins = models.TimeField(_("from"), default=time(21))
    ends = models.TimeField(_("until"), default=time(8), help_text=_("The same moment means the whole day."))
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MaxValueValidator(6)]),
        verbose_name=_("days of the week"),
        default=workdays_and_weekend,
        blank=True,
    )
    holidays = models.BooleanField(
        _("public holidays"),
        default=False,
        help_text=_("Also on the public holidays of the recipient's country."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("quiet hours")
        verbose_name_plural = _("quiet hours")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse hours that never begin, and a silence that never ends."""
        if not self.weekdays and not self.holidays:
            raise ValidationError(_("Choose at least one day of the week, or public holidays."))
        if self.begins == self.ends and len(set(self.weekdays)) == 7:
            raise ValidationError(_("Nothing could ever be sent. Leave a day or some hours free."))


class FrequencyCap(models.Model):
    """How many marketing messages a person gets at most within some days."""

    name = models.CharField(_("name"), max_length=100)
    channel = models.CharField(
        _("channel"), max_length=10, choices=Channel, blank=True, help_text=_("Empty means every channel.")
    )
    topic = models.CharField(_("topic"), max_length=50, blank=True, help_text=_("Empty means every topic."))
    most = models.PositiveSmallIntegerField(
        _("messages at most"), default=3, validators=[MinValueValidator(1)]
    )
    days = models.PositiveSmallIntegerField(
        _("within so many days"), default=7, validators=[MinValueValidator(1), MaxValueValidator(366)]
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("frequency cap")
        verbose_name_plural = _("frequency caps")
        ordering = ["channel", "topic", "days"]

    def __str__(self) -> str:
        return self.name


class OnHolidays(models.TextChoices):
    """What a sending does with those who have a public holiday."""

    SEND = "send", _("send as on any other day")
    WAIT = "wait", _("wait for the same hour of the next working day")
    LEAVE_OUT = "leave_out", _("leave them out")


class ConsentBasis(models.TextChoices):
    """What allows marketing to somebody."""

    OPT_IN = "opt_in", _("consent")
    DOUBLE_OPT_IN = "double_opt_in", _("consent confirmed by its person (double opt-in)")
    SOFT_OPT_IN = "soft_opt_in", _("consent, or an own purchase (existing customers)")
    OPT_OUT = "opt_out", _("everybody who has not refused")


class MarketRule(models.Model):
    """What the law of a market asks for in a channel, where it differs from what is shipped.

    Without a row the shipped rule holds (delivery.rules.shipped).
    """

    class Pixel(models.TextChoices):
        SHIPPED = "", _("as shipped")
        ALLOWED = "allowed", _("opens may be noted")
        CONSENT = "consent", _("with consent to tracking only")
        NEVER = "never", _("never")

    market = models.CharField(_("market"), max_length=2, validators=[_COUNTRY])
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    consent = models.CharField(_("needs"), max_length=15, choices=ConsentBasis, default=ConsentBasis.OPT_IN)
    label = models.CharField(
        _("label"), max_length=20, blank=True, help_text=_("Stands in front of the subject, or of the text.")
    )
    footer = models.CharField(
        _("how to stop"),
        max_length=60,
        blank=True,
        help_text=_("Added to the text of an SMS that does not say how to stop."),
    )
    stop_words = ArrayField(
        models.CharField(max_length=20),
        verbose_name=_("stop words"),
        default=list,
        blank=True,
        help_text=_("Answers that end all messages, beside the usual ones. Separate them by commas."),
    )
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    quiet_sundays = models.BooleanField(_("quiet on Sundays and public holidays"), default=False)
    pixel = models.CharField(_("noting opens"), max_length=10, choices=Pixel, blank=True)

    class Meta:
        verbose_name = _("market rule")
        verbose_name_plural = _("market rules")
        ordering = ["market", "channel"]
        constraints = [models.UniqueConstraint(fields=["market", "channel"], name="market_rule_once")]

    def __str__(self) -> str:
        return f"{self.market} {self.get_channel_display()}"

    def clean(self) -> None:
        """Quiet hours have both ends or none."""
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValidationError(_("Quiet hours need both a beginning and an end."))
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValidationError(_("Nothing could ever be sent. Leave a day or some hours free."))


#: Twice as much on each day, from what mailbox providers take from a stranger.
LADDER = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 100_000]


def ladder() -> list[int]:
    """Return the steps that are proposed."""
    return list(LADDER)


class WarmUp(models.Model):
    """A sending domain that mailbox providers have yet to know: at most so many mails on each day."""

    domain = models.CharField(_("sender's domain"), max_length=253, unique=True)
    started_on = models.DateField(_("first day"))
    steps = ArrayField(
        models.PositiveIntegerField(validators=[MinValueValidator(1)]),
        verbose_name=_("mails on each day"),
        default=ladder,
        help_text=_("Separated by commas. After the last day there is no limit."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("warm-up")
        verbose_name_plural = _("warm-ups")
        ordering = ["domain"]

    def __str__(self) -> str:
        return self.domain

    def clean(self) -> None:
        """A ladder has steps."""
        if not self.steps:
            raise ValidationError({"steps": _("Write at least one day's number.")})

    def limit_on(self, day: date) -> int | None:
        """Return how many mails may leave on a day, None when as many as can."""
        step = (day - self.started_on).days
        if not self.is_active or step >= len(self.steps):
            return None
        return int(self.steps[step]) if step >= 0 else 0


class WarmUpDay(models.Model):
    """How many mails of a domain's day were let go."""

    domain = models.CharField(max_length=253)
    day = models.DateField(_("day"))
    used = models.PositiveIntegerField(_("mails"), default=0)

    class Meta:
        verbose_name = _("day of a warm-up")
        verbose_name_plural = _("days of a warm-up")
        constraints = [models.UniqueConstraint(fields=["domain", "day"], name="warm_up_day_once")]

    def __str__(self) -> str:
        return f"{self.domain} {self.day}: {self.used}"
