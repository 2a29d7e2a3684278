"""Providers, and what each did in each hour."""

import json
from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import EncryptedTextField
from core.ids import uuid7
from customers.models import Channel


class Provider(models.Model):
    """An account with somebody who carries messages of one channel.

    Several may serve a channel: those of the lowest `priority` share its messages by `weight`, and the
    next ones take over while these cannot be used. Rate and breaker belong to the outbox, which keeps
    them by conditional updates.
    """

    class Breaker(models.TextChoices):
        CLOSED = "closed", _("working")
        OPEN = "open", _("left alone")
        HALF_OPEN = "half_open", _("being tried")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=80, unique=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    kind = models.CharField(_("kind"), max_length=30, help_text=_("Which interface it speaks."))
    settings = EncryptedTextField(_("settings"), blank=True, editable=False, help_text=_("JSON."))
    is_active = models.BooleanField(_("in use"), default=True)
    priority = models.PositiveSmallIntegerField(
        _("order"), default=1, help_text=_("1 is used first; higher ones take over when it fails.")
    )
    weight = models.PositiveSmallIntegerField(
        _("share"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("Among providers of the same order: 3 carries three times as much as 1."),
    )
    rate_per_second = models.FloatField(
        _("messages per second"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0.001)],
        help_text=_("Empty means as fast as it takes them."),
    )
    burst = models.PositiveIntegerField(
        _("burst"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("How many may go at once after a pause; empty means one second's worth."),
    )
    breaker_state = models.CharField(
        _("state"), max_length=10, choices=Breaker, default=Breaker.CLOSED, editable=False
    )
    breaker_until = models.DateTimeField(_("left alone until"), null=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, editable=False)
    last_error_at = models.DateTimeField(_("when"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)
    updated_at = models.DateTimeField(_("updated"), editable=False)

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        ordering = ["channel", "priority", "name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(weight__gte=1), name="provider_weight"),
            models.CheckConstraint(
                condition=models.Q(rate_per_second=None) | models.Q(rate_per_second__gt=0),
                name="provider_rate",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def configuration(self) -> dict[str, Any]:
        """Return the settings, decrypted. Never log or show them."""
        found: dict[str, Any] = json.loads(self.settings) if self.settings else {}
        return found

    @configuration.setter
    def configuration(self, values: dict[str, Any]) -> None:
        self.settings = json.dumps(values, ensure_ascii=False)


class ProviderHour(models.Model):
    """What a provider did in one hour. `provider` is null for the channel's built-in one."""

    provider = models.ForeignKey(
        Provider, null=True, on_delete=models.CASCADE, related_name="hours", verbose_name=_("provider")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    hour = models.DateTimeField(_("hour"))
    sent = models.PositiveIntegerField(_("sent"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    postponed = models.PositiveIntegerField(_("postponed"), default=0)
    unknown = models.PositiveIntegerField(_("uncertain"), default=0)
    untried = models.PositiveIntegerField(_("not tried"), default=0)
    calls = models.PositiveIntegerField(_("answers"), default=0)
    milliseconds = models.PositiveBigIntegerField(_("time spent waiting"), default=0)

    class Meta:
        verbose_name = _("provider's hour")
        verbose_name_plural = _("providers' hours")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "provider", "hour"], name="provider_hour_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.hour:%Y-%m-%d %H}"


class Handover(models.Model):
    """The id under which a provider keeps a message: receipts name nothing else.

    `receipt` is what the provider said later, where it says anything.
    """

    class Receipt(models.TextChoices):
        NONE = "", _("no receipt yet")
        DELIVERED = "delivered", _("delivered")
        UNDELIVERED = "undelivered", _("not delivered")

    provider = models.ForeignKey(
        Provider, on_delete=models.CASCADE, verbose_name=_("provider"), db_index=False
    )
    reference = models.CharField(_("provider's id"), max_length=200)
    run_id = models.UUIDField()
    message_id = models.BigIntegerField(help_text="The message's database id within its run.")
    customer_id = models.BigIntegerField()
    handed_at = models.DateTimeField(_("handed over"))
    receipt = models.CharField(_("receipt"), max_length=12, choices=Receipt, default=Receipt.NONE, blank=True)
    receipt_at = models.DateTimeField(_("receipt came"), null=True)
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("handover")
        verbose_name_plural = _("handovers")
        constraints = [models.UniqueConstraint(fields=["provider", "reference"], name="handover_once")]
        indexes = [models.Index(fields=["run_id", "message_id"], name="handover_message")]

    def __str__(self) -> str:
        return self.reference
