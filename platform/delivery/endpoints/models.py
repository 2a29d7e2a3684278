"""Devices, the inbox on site, tasks for staff, what built-in sinks took, and who is told what happened."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.fields import EncryptedTextField
from core.ids import uuid7
from customers.models import Channel, Customer


class PushToken(models.Model):
    """A device on which a customer's app takes push messages. A token belongs to one customer."""

    class Platform(models.TextChoices):
        ANDROID = "android", _("Android")
        IOS = "ios", _("iOS")
        WEB = "web", _("web")

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="push_tokens", verbose_name=_("customer")
    )
    platform = models.CharField(_("platform"), max_length=10, choices=Platform)
    token = EncryptedTextField(_("token"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    registered_at = models.DateTimeField(_("registered"))
    gone_at = models.DateTimeField(
        _("gone since"), null=True, help_text=_("No longer known to the provider.")
    )

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        indexes = [
            models.Index(fields=["customer"], condition=models.Q(gone_at=None), name="push_token_living")
        ]

    def __str__(self) -> str:
        return f"{self.get_platform_display()} {self.token_hash[:8]}…"


class OnsiteMessage(models.Model):
    """A message in a customer's inbox, which the shop's site or app fetches and shows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="onsite_messages", verbose_name=_("customer")
    )
    run_id = models.UUIDField(null=True)
    message_key = models.CharField(_("message"), max_length=200, unique=True)
    title = models.CharField(_("title"), max_length=300, blank=True)
    text = models.TextField(_("text"), blank=True)
    url = models.URLField(_("address"), max_length=1000, blank=True)
    image = models.URLField(_("image"), max_length=1000, blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True)
    created_at = models.DateTimeField(_("since"))
    expires_at = models.DateTimeField(_("until"), null=True)
    shown_at = models.DateTimeField(_("shown"), null=True)
    clicked_at = models.DateTimeField(_("clicked"), null=True)
    dismissed_at = models.DateTimeField(_("dismissed"), null=True)

    class Meta:
        verbose_name = _("message on site")
        verbose_name_plural = _("messages on site")
        indexes = [
            models.Index(
                fields=["customer", "-created_at"],
                condition=models.Q(dismissed_at=None),
                name="onsite_waiting",
            ),
            models.Index(fields=["-created_at"], name="onsite_recent"),
        ]

    def __str__(self) -> str:
        return self.title or self.text[:40]


class StaffTask(models.Model):
    """A message that a member of staff passes on in person, by phone or over 企业微信."""

    class State(models.TextChoices):
        HANDED_OVER = "handed_over", _("handed over")
        DONE = "done", _("passed on")
        NOT_REACHED = "not_reached", _("not reached")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="staff_tasks", verbose_name=_("customer")
    )
    run_id = models.UUIDField(null=True)
    message_key = models.CharField(_("message"), max_length=200, unique=True)
    external_userid = models.CharField(
        _("external contact"), max_length=200, blank=True, help_text=_("The customer's id in 企业微信.")
    )
    title = models.CharField(_("title"), max_length=300, blank=True)
    text = models.TextField(_("text"))
    url = models.URLField(_("address"), max_length=1000, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.HANDED_OVER)
    created_at = models.DateTimeField(_("since"))
    done_at = models.DateTimeField(_("done"), null=True)
    done_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, verbose_name=_("by"))
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("staff task")
        verbose_name_plural = _("staff tasks")
        indexes = [models.Index(fields=["state", "-id"], name="staff_task_state")]

    def __str__(self) -> str:
        return self.title or self.text[:40]


class ReceivedMessage(models.Model):
    """A message that arrived at the built-in sink of a channel other than e-mail."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    address = models.CharField(_("recipient"), max_length=320)
    message_id = models.CharField(_("Message-ID"), max_length=200, db_index=True)
    title = models.CharField(_("subject"), max_length=500, blank=True)
    text = models.TextField(_("text"), blank=True)
    payload = models.JSONField(_("as it was sent"), default=dict)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("received message")
        verbose_name_plural = _("received messages")
        ordering = ["-id"]
        indexes = [models.Index(fields=["channel", "-id"], name="received_channel")]

    def __str__(self) -> str:
        return self.title or self.text[:40]


class Hook(models.Model):
    """A partner's server that is told what happened, by topic."""

    class Topic(models.TextChoices):
        COUPON_REDEEMED = "coupon.redeemed", _("a coupon was redeemed")
        COUPON_ROLLED_BACK = "coupon.rolled_back", _("a coupon's use was taken back")
        PROMOTION_REDEEMED = "promotion.redeemed", _("promotions were used on an order")
        PROMOTION_ROLLED_BACK = "promotion.rolled_back", _("an order's promotions were taken back")
        POOL_WARNING = "pool.warning", _("a coupon pool needs care")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=80, unique=True)
    url = models.URLField(_("address"), max_length=500, help_text=_("Of the receiver, with https://."))
    secret = EncryptedTextField(
        _("secret"), help_text=_("Signs each call; the receiver knows it too. At least 16 characters.")
    )
    topics = ArrayField(models.CharField(max_length=30, choices=Topic), verbose_name=_("told of"))
    is_active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("created"), editable=False)

    class Meta:
        verbose_name = _("receiver of events")
        verbose_name_plural = _("receivers of events")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class HookCall(models.Model):
    """One thing that a receiver is told, until it answered that it has it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hook = models.ForeignKey(
        Hook,
        on_delete=models.CASCADE,
        related_name="calls",
        verbose_name=_("receiver of events"),
        db_index=False,
    )
    topic = models.CharField(_("topic"), max_length=30)
    key = models.CharField(max_length=150, editable=False)
    body = models.JSONField(_("content"))
    created_at = models.DateTimeField(_("since"))
    due_at = models.DateTimeField(_("next attempt"))
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    done_at = models.DateTimeField(_("done"), null=True)
    error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("call to a receiver")
        verbose_name_plural = _("calls to receivers")
        constraints = [models.UniqueConstraint(fields=["hook", "topic", "key"], name="hook_call_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(done_at=None), name="hook_call_due"),
            models.Index(fields=["done_at"], name="hook_call_done"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"
