"""Data that comes in bulk, and what became of each row."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Job


class ImportRun(models.Model):
    """One import of a file or data set. Running it again continues or changes nothing."""

    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, verbose_name=_("job"))
    dataset = models.CharField(_("data set"), max_length=100)
    kind = models.CharField(_("kind"), max_length=30)
    source = models.CharField(_("source"), max_length=50)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    accepted = models.PositiveIntegerField(_("new"), default=0)
    duplicates = models.PositiveIntegerField(_("known already"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.kind}"


class ImportRowError(models.Model):
    """A row that was not taken, with its line and the reason."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="errors")
    line = models.PositiveIntegerField(_("line"))
    reason = models.CharField(_("reason"), max_length=300)
    raw = models.TextField(_("row"), blank=True)

    class Meta:
        verbose_name = _("row error")
        verbose_name_plural = _("row errors")
        ordering = ["line"]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"
