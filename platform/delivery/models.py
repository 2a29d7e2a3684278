"""The outbox: every message a customer was, is or will be sent, and what became of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from customers.models import Channel, Customer
from delivery.deliverability.models import Alarm, DomainCheck
from delivery.direct.models import DirectMessage
from delivery.endpoints.models import (
    Hook,
    HookCall,
    OnsiteMessage,
    PushToken,
    ReceivedMessage,
    StaffTask,
)
from delivery.outbox.models import Bucket, Home
from delivery.preferences.models import OptIn, Preference
from delivery.providers.models import Handover, Provider, ProviderHour
from delivery.returns.models import Return
from delivery.rules.models import FrequencyCap, MarketRule, OnHolidays, QuietHours, WarmUp, WarmUpDay
from delivery.tracking.models import Touch

__all__ = [
    "Alarm",
    "Bucket",
    "DirectMessage",
    "DomainCheck",
    "FrequencyCap",
    "Handover",
    "Home",
    "Hook",
    "HookCall",
    "Link",
    "MarketRule",
    "Message",
    "MessageState",
    "OnsiteMessage",
    "OptIn",
    "Preference",
    "Provider",
    "ProviderHour",
    "PushToken",
    "QuietHours",
    "ReceivedMail",
    "ReceivedMessage",
    "Return",
    "Run",
    "SkipReason",
    "StaffTask",
    "Touch",
    "WarmUp",
    "WarmUpDay",
]


class Run(models.Model):
    """One sending of one source (a campaign, later a journey) to a frozen audience.

    `source` names who can render its messages (see delivery.sources); `reference` is that source's
    own id. The unique launch makes two launches at once one run.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        CANCELLED = "cancelled", _("cancelled")
        FINISHED = "finished", _("finished")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(_("source"), max_length=30)
    reference = models.CharField(_("reference"), max_length=64)
    launch = models.CharField(_("launch"), max_length=64, default="1")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    topic = models.CharField(_("topic"), max_length=50, default="marketing")
    transactional = models.BooleanField(
        _("transactional"),
        default=False,
        help_text=_("What nobody answered for is sent again by itself, under the same Message-ID."),
    )
    per_hour = models.PositiveIntegerField(
        _("messages per hour"), null=True, blank=True, help_text=_("Empty means as fast as it goes.")
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=0, db_default=0, help_text=_("When a frequency cap binds, the highest goes.")
    )
    holidays = models.CharField(
        _("on public holidays"),
        max_length=10,
        choices=OnHolidays,
        default=OnHolidays.SEND,
        db_default=OnHolidays.SEND,
    )
    retry_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="retries",
        verbose_name=_("repeats"),
        help_text=_("The run whose unreached people this one writes to."),
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    as_of = models.DateTimeField(_("as of"), help_text=_("The moment as of which the audience was chosen."))
    audience = models.PositiveIntegerField(_("audience"), default=0)
    open_until = models.DateTimeField(
        _("open until"),
        null=True,
        help_text=_("Until then messages may be added and the run does not finish."),
    )
    wake_at = models.DateTimeField(
        null=True, editable=False, help_text=_("A worker will look again then; until then none is needed.")
    )
    created_at = models.DateTimeField(_("launched"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["source", "reference", "launch"], name="run_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.reference}"


class MessageState(models.TextChoices):
    """Where a message stands. The eight always add up to the run's audience."""

    PENDING = "pending", _("waiting")
    CLAIMED = "claimed", _("taken by a worker")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    SKIPPED = "skipped", _("left out")
    HELD_OUT = "held_out", _("held out")
    UNCERTAIN = "uncertain", _("uncertain")


class SkipReason(models.TextChoices):
    """Why a message was left out or failed, or why it still waits."""

    NO_CONSENT = "no_consent", _("no consent")
    NOT_CONFIRMED = "not_confirmed", _("consent was not confirmed")
    SUPPRESSED = "suppressed", _("address is suppressed")
    NO_ADDRESS = "no_address", _("no address")
    NO_CONTENT = "no_content", _("nothing to say")
    NO_COUPON = "no_coupon", _("no coupon left")
    EXPIRED = "expired", _("too late to be of use")
    CANCELLED = "cancelled", _("run was cancelled")
    ERASED = "erased", _("customer was erased")
    CAPPED = "capped", _("had enough messages lately")
    LESS_OFTEN = "less_often", _("asked for fewer messages")
    LATE_ZONE = "late_zone", _("the hour had passed where they live")
    OVERTAKEN = "overtaken", _("did meanwhile what it was about")
    HOLIDAY = "holiday", _("public holiday where they live")
    # These make a message wait; it goes by itself.
    QUIET_HOURS = "quiet_hours", _("waits for the end of quiet hours")
    AFTER_HOLIDAY = "after_holiday", _("waits for the end of a public holiday")
    WARM_UP = "warm_up", _("waits for the next day of the warm-up")
    # From here on the message failed.
    BOUNCED = "bounced", _("address does not exist")
    REFUSED = "refused", _("refused for good")
    GAVE_UP = "gave_up", _("could not be delivered after several attempts")
    BROKEN = "broken", _("content could not be made")
    LET_BE = "let_be", _("uncertain, and let be")
    RETRIED = "retried", _("uncertain, and sent again in another run")


class Message(models.Model):
    """One message to one customer.

    In PostgreSQL the table is range-partitioned by `run_id`, a UUIDv7, hence by time of launch; its
    key is (run_id, id). The Message-ID header derives from the unique key, so a repeat is recognised.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, db_index=False, related_name="messages", verbose_name=_("run")
    )
    source = models.CharField(_("source"), max_length=30)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="messages",
        verbose_name=_("customer"),
    )
    step = models.PositiveSmallIntegerField(_("step"), default=0)
    occurrence = models.PositiveSmallIntegerField(_("occurrence"), default=0)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    state = models.CharField(_("state"), max_length=10, choices=MessageState, default=MessageState.PENDING)
    skip_reason = models.CharField(_("why not"), max_length=20, choices=SkipReason, blank=True)
    context = models.JSONField(
        _("context"), default=dict, help_text=_("Frozen: variant, products, coupon code.")
    )
    due_at = models.DateTimeField(_("due"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    place = models.BigIntegerField(
        _("place in frequency caps"),
        default=0,
        db_default=0,
        help_text=_("The fence under which it counts against frequency caps."),
    )
    fence = models.BigIntegerField(
        _("fence"), default=0, help_text=_("Rises with every claim; an old holder cannot write.")
    )
    lease_until = models.DateTimeField(_("worker holds it until"), null=True)
    message_id = models.CharField(_("Message-ID"), max_length=200, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    expires_at = models.DateTimeField(
        _("of use until"), null=True, help_text=_("Not sent after this moment. Empty means always of use.")
    )
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                fields=["run", "source", "customer", "step", "occurrence"], name="message_once"
            )
        ]
        indexes = [
            # The queue of each run: only what waits, so that it stays small whatever the history.
            models.Index(fields=["run", "due_at"], condition=models.Q(state="pending"), name="message_queue"),
            # What workers hold, and what waits for a person.
            models.Index(
                fields=["run", "lease_until"],
                condition=models.Q(state__in=["claimed", "sending", "uncertain"]),
                name="message_open",
            ),
            # What may become too late, and whose would-be message is not recorded yet.
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state="pending", expires_at__isnull=False),
                name="message_expiry",
            ),
            models.Index(
                fields=["run"], condition=models.Q(state="held_out", fence=0), name="message_would_be"
            ),
            models.Index(fields=["customer", "-due_at"], name="message_customer"),
            # What somebody had lately, for the frequency caps.
            models.Index(
                fields=["customer", "sent_at"], condition=models.Q(state="sent"), name="message_had"
            ),
            # Who did not get it and why: the few, not the many that were sent.
            models.Index(
                fields=["run", "state", "skip_reason", "-id"],
                condition=models.Q(state__in=["failed", "skipped", "held_out"]),
                name="message_not_sent",
            ),
            # How many were sent, counted without reading them.
            models.Index(fields=["run"], condition=models.Q(state="sent"), name="message_sent"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.id}"


class Link(models.Model):
    """A stored destination; tracked links lead only to these."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=64)
    url = models.URLField(_("address"), max_length=1000)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [models.UniqueConstraint(fields=["reference", "url"], name="link_once")]

    def __str__(self) -> str:
        return self.url


class ReceivedMail(models.Model):
    """A mail that really arrived at the built-in SMTP sink, shown in the mailbox."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    envelope_from = models.CharField(_("envelope sender"), max_length=320)
    envelope_to = models.CharField(_("recipient"), max_length=320, db_index=True)
    sender = models.CharField(_("sender"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=500, blank=True)
    message_id = models.CharField(_("Message-ID"), max_length=200, blank=True, db_index=True)
    raw = models.BinaryField()
    size = models.PositiveIntegerField(_("bytes"))
    received_at = models.DateTimeField(_("received"), db_index=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mailbox")
        ordering = ["-received_at"]

    def __str__(self) -> str:
        return self.subject
