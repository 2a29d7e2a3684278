"""Who the customers are, how they are recognised, and what they agreed to."""

from django.contrib.postgres.indexes import BrinIndex, OpClass
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from core.fields import EncryptedTextField
from core.ids import uuid7


class Customer(models.Model):
    """A person known to the shop. `external_id` is the partner's id and the public one."""

    external_id = models.CharField(_("customer id"), max_length=200, unique=True)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    email = EncryptedTextField(_("e-mail"), null=True, blank=True)
    email_domain = models.CharField(_("e-mail domain"), max_length=253, blank=True)
    phone = EncryptedTextField(_("phone"), null=True, blank=True)
    birthday = EncryptedTextField(_("birthday"), null=True, blank=True, help_text=_("As 1990-12-31."))
    birth_month_day = models.CharField(max_length=5, blank=True, editable=False)
    locale = models.CharField(_("language"), max_length=20, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    no_profiling = models.BooleanField(
        _("no profiling"),
        default=False,
        help_text=_("Left out of profiles, personas, scores and model training."),
    )
    is_stub = models.BooleanField(
        _("incomplete"), default=False, help_text=_("Made from an event, before its own record arrived.")
    )
    own_id = models.BooleanField(
        default=True,
        db_default=True,
        editable=False,
        help_text=_("False while the id is one of ours: somebody known only by an address or an openid."),
    )
    created_at = models.DateTimeField(_("known since"))
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        permissions = [
            ("merge_customer", _("Can merge customers and undo it")),
            ("erase_customer", _("Can erase customers")),
            ("export_customer", _("Can export everything about a customer")),
        ]
        indexes = [
            models.Index(fields=["email_domain"]),
            models.Index(fields=["birth_month_day"]),
            # People look for somebody by the beginning of a name, in whatever case.
            models.Index(OpClass(Upper("first_name"), "text_pattern_ops"), name="customer_first_name"),
            models.Index(OpClass(Upper("last_name"), "text_pattern_ops"), name="customer_last_name"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.external_id


class Identifier(models.Model):
    """One way by which a customer is recognised, and the actor of the events that came by it.

    Events keep the identifier they came by for ever (`actor_id`) and the customer it belongs to now,
    so a merge of two customers and its undo are one UPDATE by actor. `customer` is null while a
    visitor is anonymous.
    """

    class Kind(models.TextChoices):
        EXTERNAL_ID = "external_id", _("customer id")
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("phone")
        ANONYMOUS = "anonymous", _("anonymous visitor")
        DEVICE = "device", _("device")
        HANDLE = "handle", _("social handle")
        WECHAT_OPENID = "wechat_openid", _("WeChat openid")
        WECHAT_UNIONID = "wechat_unionid", _("WeChat unionid")
        WECHAT_EXTERNAL = "wechat_external", _("WeChat external user")
        HOUSEHOLD = "household", _("household")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    value_hash = models.CharField(max_length=64, editable=False)
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.CASCADE, related_name="identifiers", verbose_name=_("customer")
    )
    created_at = models.DateTimeField(_("first seen"))
    merge = models.ForeignKey(
        "CustomerMerge",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("came by a merge"),
        help_text="The merge that brought it to its customer; it goes back with an undo.",
    )
    joined_at = models.DateTimeField(
        _("joined"), null=True, help_text=_("When an anonymous visitor turned out to be this customer.")
    )

    class Meta:
        verbose_name = _("identifier")
        verbose_name_plural = _("identifiers")
        constraints = [models.UniqueConstraint(fields=["kind", "value_hash"], name="identifier_once")]
        indexes = [
            models.Index(
                fields=["joined_at"], condition=models.Q(joined_at__isnull=False), name="identifier_joined"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value_hash[:8]}…"


class HouseholdMember(models.Model):
    """A customer's household. Several people share one, so it never says who somebody is.

    The household is an identifier that belongs to nobody: what came by it alone stays without a
    customer. A person is in one household at a time.
    """

    customer = models.OneToOneField(
        Customer, primary_key=True, on_delete=models.CASCADE, related_name="household"
    )
    household = models.ForeignKey(Identifier, on_delete=models.CASCADE, related_name="members")
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("household member")
        verbose_name_plural = _("household members")

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.household_id}"


class CustomerMerge(models.Model):
    """A recorded merge, with what is needed to undo it exactly.

    `merged_record` is JSON, encrypted because it holds personal data: both customers' own rows as they
    were, and what each part of the platform moved or set aside (by the name of its follower).
    """

    kept = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="merges", verbose_name=_("kept")
    )
    merged_id = models.BigIntegerField(editable=False, default=0, db_default=0)
    merged_external_id = models.CharField(_("merged"), max_length=200)
    merged_record = EncryptedTextField(_("merged record"), help_text=_("The merged customer's own fields."))
    identifier_ids = models.JSONField(default=list)
    reason = models.CharField(_("why"), max_length=20, blank=True, default="", db_default="")
    actor = models.CharField(_("by"), max_length=150, blank=True, default="", db_default="")
    merged_at = models.DateTimeField(_("merged at"))
    undone_at = models.DateTimeField(_("undone at"), null=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        indexes = [models.Index(fields=["-merged_at"], name="merge_latest")]

    def __str__(self) -> str:
        return f"{self.merged_external_id} → {self.kept.external_id}"


class MergeProposal(models.Model):
    """Two customers who seem to be one person, waiting for somebody to decide."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        MERGED = "merged", _("merged")
        DISMISSED = "dismissed", _("two people")

    first = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="proposals",
        verbose_name=_("customer"),
        db_index=False,
    )
    second = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("seems to be the same as")
    )
    kind = models.CharField(_("both came with the same"), max_length=20, choices=Identifier.Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(_("since"))
    decided_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        verbose_name = _("merge proposal")
        verbose_name_plural = _("merge proposals")
        ordering = ["-created_at"]
        constraints = [
            # The smaller id stands first, so a pair is proposed once, whoever came first.
            models.UniqueConstraint(fields=["first", "second"], name="proposal_once"),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="proposal_ordered"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} = {self.second_id}?"


class ErasureRequest(models.Model):
    """A person's wish to be forgotten, and what was done about it. Holds keyed hashes, no personal data.

    The hashes find the person again after a backup from before the erasure was restored.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    identifiers = models.JSONField(
        _("identifiers"), default=list, help_text=_("Pairs of kind and keyed hash.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    actor = models.CharField(_("asked by"), max_length=150)
    requested_at = models.DateTimeField(_("asked"))
    finished_at = models.DateTimeField(_("done"), null=True)
    rows = models.JSONField(_("rows"), default=dict, help_text=_("By table, how many were erased."))
    error = models.CharField(_("error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-requested_at"]

    def __str__(self) -> str:
        return str(self.id)


class Channel(models.TextChoices):
    """By which way a customer is spoken to."""

    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")
    PUSH = "push", _("push")
    ONSITE = "onsite", _("on site")
    WEBHOOK = "webhook", _("webhook")
    STAFF = "staff", _("by staff")


class ConsentEvent(models.Model):
    """A consent given or withdrawn, with its proof. Append-only."""

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="consent_events",
        verbose_name=_("customer"),
        db_index=False,
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    topic = models.CharField(_("topic"), max_length=50, default="marketing")
    granted = models.BooleanField(_("granted"))
    source = models.CharField(_("source"), max_length=50)
    proof = models.JSONField(_("proof"), default=dict)
    occurred_at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("consent event")
        verbose_name_plural = _("consent history")
        indexes = [models.Index(fields=["customer", "channel", "topic", "-occurred_at"])]

    def __str__(self) -> str:
        return f"{self.channel}/{self.topic}: {'granted' if self.granted else 'withdrawn'}"


class Consent(models.Model):
    """The current state, derived from the consent events and written with them."""

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="consents",
        verbose_name=_("customer"),
        db_index=False,
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    topic = models.CharField(_("topic"), max_length=50, default="marketing")
    granted = models.BooleanField(_("granted"))
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [models.UniqueConstraint(fields=["customer", "channel", "topic"], name="consent_once")]
        # Mostly nobody agreed or withdrew after the moment that is asked about; 24 KB say so.
        indexes = [BrinIndex(fields=["since"], name="consent_since", pages_per_range=16, autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.channel}/{self.topic}: {'granted' if self.granted else 'withdrawn'}"


class Suppression(models.Model):
    """An address that is never written to, kept as a keyed hash so that it outlives the person."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        BOUNCED = "bounced", _("bounced")
        COMPLAINED = "complained", _("complained")
        ERASED = "erased", _("erased")
        MANUAL = "manual", _("by hand")

    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    address_hash = models.CharField(_("hash of the address"), max_length=64)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        constraints = [models.UniqueConstraint(fields=["channel", "address_hash"], name="suppression_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.address_hash[:8]}… ({self.reason})"
