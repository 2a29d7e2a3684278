"""How often customers want to hear from the shop, and consents that wait for their confirmation."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from customers.models import Channel, Customer


class Frequency(models.TextChoices):
    """How often a customer wants marketing at most."""

    ANY = "any", _("whenever there is something")
    WEEKLY = "weekly", _("once a week at most")
    MONTHLY = "monthly", _("once a month at most")


class Preference(models.Model):
    """A customer's own wish, made in the preference centre."""

    customer = models.OneToOneField(
        Customer,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="preference",
        verbose_name=_("customer"),
    )
    frequency = models.CharField(_("frequency"), max_length=10, choices=Frequency, default=Frequency.ANY)
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return self.get_frequency_display()


class OptIn(models.Model):
    """A consent that was asked for and counts once its person confirms it by the link in a mail."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="opt_ins", verbose_name=_("customer")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    topic = models.CharField(_("topic"), max_length=50)
    source = models.CharField(_("source"), max_length=50)
    address_hash = models.CharField(max_length=64, editable=False)
    requested_at = models.DateTimeField(_("asked for"))
    sent_at = models.DateTimeField(_("mail sent"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    expires_at = models.DateTimeField(_("valid until"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)

    class Meta:
        verbose_name = _("consent to be confirmed")
        verbose_name_plural = _("consents to be confirmed")
        ordering = ["-requested_at"]
        constraints = [
            # One open question for a person, channel and topic, however often it is asked.
            models.UniqueConstraint(
                fields=["customer", "channel", "topic"],
                condition=models.Q(confirmed_at=None),
                name="opt_in_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel}/{self.topic}"
