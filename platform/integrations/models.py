"""Data that comes in bulk, what became of each row, and what an undo needs."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import ApiKey, Job, User
from core.fields import EncryptedTextField
from core.ids import uuid7


class Kind(models.TextChoices):
    """What the rows of a file are."""

    CUSTOMERS = "customers", _("customers")
    PRODUCTS = "products", _("products")
    ORDERS = "orders", _("orders")
    EVENTS = "events", _("events")
    CONSENTS = "consents", _("consents")
    SUPPRESSIONS = "suppressions", _("suppressed addresses")


#: What the parts of a data set are called beside these.
_DATA_SET_KINDS = {
    "purchases": _("purchases"),
    "coupons": _("coupons"),
    "mailings": _("mailings"),
    "redemptions": _("redemptions"),
}


class ImportState(models.TextChoices):
    """How far an import is."""

    UPLOADED = "uploaded", _("uploaded")
    CHECKING = "checking", _("being checked")
    CHECKED = "checked", _("checked")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")
    UNDOING = "undoing", _("being undone")
    UNDONE = "undone", _("undone")


#: A worker is at it, or is about to be.
BUSY = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)


class ImportRun(models.Model):
    """One import of a file or data set. Running it again continues or changes nothing.

    A file's import walks uploaded → checked → done → undone; `position` counts the records that are
    stored, in the transaction that stores them, so that a killed import goes on with the next one.
    """

    key = models.UUIDField(default=uuid7, unique=True, editable=False)
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, verbose_name=_("job"))
    dataset = models.CharField(_("file or data set"), max_length=200)
    kind = models.CharField(_("kind"), max_length=30)
    source = models.CharField(_("source"), max_length=50)
    state = models.CharField(_("state"), max_length=10, choices=ImportState, default=ImportState.RUNNING)
    file = models.CharField(max_length=100, blank=True, editable=False)
    size = models.PositiveBigIntegerField(_("size"), default=0)
    shape = models.JSONField(_("shape of the file"), default=dict)
    columns = models.JSONField(_("columns"), default=list)
    mapping = models.JSONField(_("mapping"), default=dict)
    options = models.JSONField(_("options"), default=dict)
    language = models.CharField(max_length=10, default="en", editable=False)
    position = models.PositiveIntegerField(default=0, editable=False)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    accepted = models.PositiveIntegerField(_("new"), default=0)
    changed = models.PositiveIntegerField(pgettext_lazy("rows", "changed"), default=0)
    duplicates = models.PositiveIntegerField(_("known already"), default=0)
    quarantined = models.PositiveIntegerField(_("in quarantine"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    report = models.JSONField(_("dry run"), null=True)
    left_alone = models.JSONField(_("left by the undo"), null=True)
    error = models.TextField(_("error"), blank=True)
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, verbose_name=_("started by"))
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, verbose_name=_("API key"))
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    undone_at = models.DateTimeField(_("undone at"), null=True)
    forgotten_at = models.DateTimeField(_("file removed"), null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.get_kind_label()}"

    def get_kind_label(self) -> str:
        """Return the kind in words; data sets have kinds of their own."""
        known = dict(Kind.choices) | _DATA_SET_KINDS
        return str(known.get(self.kind, self.kind))

    @property
    def may_undo(self) -> bool:
        """Say whether what it did can still be taken back."""
        ended = (ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED)
        return bool(self.file) and self.forgotten_at is None and self.position > 0 and self.state in ended


class ImportRowError(models.Model):
    """A row that was not taken, with its line, the reason and its cells (JSON, encrypted)."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="errors", db_index=False)
    line = models.PositiveIntegerField(_("line"))
    reason = models.CharField(_("reason"), max_length=500)
    raw = EncryptedTextField(_("row"), blank=True)
    dry = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("row error")
        verbose_name_plural = _("row errors")
        ordering = ["line"]
        indexes = [models.Index(fields=["run", "dry", "line"], name="row_error_place")]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"


class ImportChange(models.Model):
    """One thing that an import created or changed, with what it was before: what an undo takes back.

    `stamp` is the moment that the import left on the thing; when it carries another one by now, somebody
    else has changed it since.
    """

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="changes", db_index=False)
    thing = models.CharField(max_length=12)
    object_id = models.BigIntegerField()
    created = models.BooleanField()
    before = EncryptedTextField(null=True)
    stamp = models.DateTimeField()

    class Meta:
        verbose_name = _("change by an import")
        verbose_name_plural = _("changes by imports")
        constraints = [
            models.UniqueConstraint(fields=["run", "thing", "object_id"], name="import_change_once")
        ]

    def __str__(self) -> str:
        return f"{self.thing} {self.object_id}"


class SavedMapping(models.Model):
    """How the columns of a source's files were mapped the last time."""

    source = models.CharField(_("source"), max_length=50)
    kind = models.CharField(_("kind"), max_length=30, choices=Kind)
    mapping = models.JSONField(_("mapping"), default=dict)
    options = models.JSONField(_("options"), default=dict)
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("remembered mapping")
        verbose_name_plural = _("remembered mappings")
        constraints = [models.UniqueConstraint(fields=["source", "kind"], name="mapping_once")]

    def __str__(self) -> str:
        return f"{self.source}: {self.kind}"


class Export(models.Model):
    """A list that somebody took out: which, filtered how, with personal data or not."""

    key = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    list = models.CharField(_("list"), max_length=50)
    filters = models.JSONField(_("filters"), default=dict)
    personal = models.BooleanField(_("with personal data"), default=False)
    rows = models.PositiveIntegerField(_("rows"), null=True)
    file = models.CharField(max_length=100, blank=True, editable=False)
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, verbose_name=_("job"))
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, verbose_name=_("by"))
    created_at = models.DateTimeField(_("created"))
    forgotten_at = models.DateTimeField(_("file removed"), null=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-created_at"]
        permissions = [
            ("export_customers", "Can export customers"),
            ("export_products", "Can export products"),
            ("export_events", "Can export events"),
            ("export_suppressions", "Can export suppressed addresses"),
            ("export_consents", "Can export consents"),
            ("export_segments", "Can export the members of segments"),
            ("export_campaigns", "Can export the people of campaigns"),
            ("export_coupons", "Can export coupons"),
            ("export_audit", "Can export the audit log"),
            ("export_personal", "Can export personal data"),
        ]

    def __str__(self) -> str:
        return f"{self.list} {self.created_at:%Y-%m-%d}"
