"""Staff, partner keys, the audit log, long work and what people are told about."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7


class User(AbstractUser):
    """A member of staff. Customers never sign in here."""

    time_zone = models.CharField(_("time zone"), max_length=50, default="UTC")
    language = models.CharField(_("language"), max_length=10, default="en")

    class Meta(AbstractUser.Meta):
        verbose_name = _("team member")  # type: ignore[assignment]  # the stubs know no lazy text here
        verbose_name_plural = _("team members")  # type: ignore[assignment]


class Scope(models.TextChoices):
    """What a partner's key may do."""

    EVENTS_WRITE = "events:write", _("send events")
    CUSTOMERS_READ = "customers:read", _("read customers")
    CUSTOMERS_WRITE = "customers:write", _("write customers")
    PRODUCTS_READ = "products:read", _("read products")
    PRODUCTS_WRITE = "products:write", _("write products")
    RECOMMENDATIONS_READ = "recommendations:read", _("read recommendations")
    SEGMENTS_READ = "segments:read", _("read segments")
    SEGMENTS_WRITE = "segments:write", _("write segments")
    CAMPAIGNS_READ = "campaigns:read", _("read campaigns")
    CAMPAIGNS_WRITE = "campaigns:write", _("run campaigns")
    COUPONS_READ = "coupons:read", _("validate coupons and promotions")
    COUPONS_WRITE = "coupons:write", _("redeem coupons")
    EXPERIMENTS_READ = "experiments:read", _("read experiments")
    EXPERIMENTS_WRITE = "experiments:write", _("write experiments")
    IMPORTS_READ = "imports:read", _("read imports and their bad rows")
    IMPORTS_WRITE = "imports:write", _("import files and undo imports")
    MESSAGES_READ = "messages:read", _("read messages")
    MESSAGES_WRITE = "messages:write", _("send messages")


#: What a key that everybody can read in a page's source may carry at most.
PUBLISHABLE_SCOPES = (Scope.EVENTS_WRITE, Scope.RECOMMENDATIONS_READ)


class ApiKey(models.Model):
    """A partner system's key. Only its hash is kept; the prefix tells keys apart in lists.

    A publishable key stands in the source of the shop's pages, so it is no secret and kept as it is
    (`public_key`); what it may do is little, and only from `allowed_origins`.
    """

    class Kind(models.TextChoices):
        SECRET = "secret", _("secret")
        PUBLISHABLE = "publishable", _("publishable")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(
        _("kind"),
        max_length=12,
        choices=Kind,
        default=Kind.SECRET,
        help_text=_("Secret keys are for servers. Publishable ones may stand in a web page."),
    )
    prefix = models.CharField(_("prefix"), max_length=12, unique=True, editable=False)
    hash = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=50, choices=Scope), verbose_name=_("scopes"))
    allowed_origins = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("websites"),
        default=list,
        blank=True,
        help_text=_("Where the key may be used, one a line, like https://shop.example."),
    )
    trusted = models.BooleanField(
        _("trusted"),
        default=False,
        help_text=_(
            "Count purchases that browsers report, and take names and addresses of new customers from them. "
            "Anybody can make a browser say anything: leave this off when your server reports purchases."
        ),
    )
    public_key = models.CharField(_("key"), max_length=100, blank=True, editable=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, editable=False)
    created_at = models.DateTimeField(_("created"))
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    first_event_at = models.DateTimeField(_("first event"), null=True, editable=False)
    revoked_at = models.DateTimeField(
        _("revoked"), null=True, blank=True, help_text=_("In the future while a rotated key runs out.")
    )

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_publishable(self) -> bool:
        """Say whether everybody may know the key."""
        return self.kind == self.Kind.PUBLISHABLE


class AuditEntry(models.Model):
    """Who changed what, with the values before and after. Append-only, chained by hash."""

    at = models.DateTimeField(_("at"), db_index=True)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, verbose_name=_("who"))
    actor = models.CharField(
        _("actor"), max_length=150, help_text=_("Name of the person, key or task at that time.")
    )
    action = models.CharField(_("action"), max_length=100)
    object_type = models.CharField(_("what"), max_length=100)
    object_id = models.CharField(_("id"), max_length=64)
    object_name = models.CharField(_("name"), max_length=200, blank=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    previous_hash = models.CharField(_("hash of the entry before"), max_length=64, blank=True)
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-id"]
        indexes = [models.Index(fields=["object_type", "object_id"])]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object_name}"


class Job(models.Model):
    """Long work that a person waits for: progress, cancel, result."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=50)
    title = models.CharField(_("title"), max_length=200)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("total"), null=True)
    message = models.CharField(_("message"), max_length=300, blank=True)
    parameters = models.JSONField(_("parameters"), default=dict)
    result = models.JSONField(_("result"), null=True)
    result_url = models.CharField(_("page of the result"), max_length=300, blank=True)
    error = models.TextField(_("error"), blank=True)
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, verbose_name=_("started by"))
    cancel_requested = models.BooleanField(_("asked to stop"), default=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created"))
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "-created_at"])]

    def __str__(self) -> str:
        return self.title


class Notice(models.Model):
    """Something a member of staff ought to know, under the bell until it is read.

    `title` is an English message with named places (`%(name)s`) that `facts` fill; it is translated when
    it is shown, so that everybody reads it in the language the page has.
    """

    class Kind(models.TextChoices):
        JOB_DONE = "job_done", _("work is done")
        JOB_FAILED = "job_failed", _("work failed")
        APPROVAL_ASKED = "approval_asked", _("approval is asked for")
        APPROVAL_DECIDED = "approval_decided", _("approval is decided")
        RUN_PAUSED = "run_paused", _("a sending is paused")
        POOL = "pool", _("coupon codes")
        EXPERIMENT = "experiment", _("an experiment is decided")
        OTHER = "other", _("news")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.OTHER)
    title = models.CharField(_("title"), max_length=200)
    facts = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True)
    key = models.CharField(
        max_length=150, null=True, help_text="The matter: a person is told of it once. None: every time."
    )
    created_at = models.DateTimeField(_("created"))
    read_at = models.DateTimeField(_("read"), null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_once")]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notice_latest"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """Return the sentence in the language of the page."""
        sentence = gettext(self.title)
        try:
            # A fact may itself be a name that comes with the product, as a kind of work.
            facts = {k: gettext(v) if isinstance(v, str) and v else v for k, v in self.facts.items()}
            return sentence % facts if facts else sentence
        except (KeyError, TypeError, ValueError):
            return sentence


class SavedView(models.Model):
    """A list as somebody wants to find it again: its filters, words and order under a name."""

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="saved_views", verbose_name=_("owner"), db_index=False
    )
    page = models.CharField(_("list"), max_length=100, help_text="The name of the list's address.")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filters"), max_length=1000, help_text="As they stand in the address.")
    shared = models.BooleanField(_("for the whole team"), default=False)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "pk"]
        permissions = [("share_savedview", _("Can share saved views with the team"))]
        constraints = [models.UniqueConstraint(fields=["owner", "page", "name"], name="saved_view_name_once")]
        indexes = [models.Index(fields=["page"], condition=models.Q(shared=True), name="saved_view_shared")]

    def __str__(self) -> str:
        return self.name


class DefaultView(models.Model):
    """The view in which a person finds a list that they open without filters."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="default_views", db_index=False)
    page = models.CharField(max_length=100)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="defaults")

    class Meta:
        verbose_name = _("default view")
        verbose_name_plural = _("default views")
        constraints = [models.UniqueConstraint(fields=["user", "page"], name="default_view_once")]

    def __str__(self) -> str:
        return f"{self.page}: {self.view}"


class CalendarLink(models.Model):
    """A person's secret address at which other calendars read ours. Deleting it makes the address void.

    The address itself is not kept: it is the id with a keyed hash of it (accounts.calendar_links).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="calendar_link")
    created_at = models.DateTimeField(_("created"))
    read_at = models.DateTimeField(_("last read"), null=True)

    class Meta:
        verbose_name = _("calendar link")
        verbose_name_plural = _("calendar links")

    def __str__(self) -> str:
        return str(self.user)
