"""How far long work on all customers has come, so that another worker can go on with it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from profiles.models.personas import Clustering


class ProfileBuild(models.Model):
    """One complete build of all profiles, and how far it has come; another worker can go on with it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    as_of = models.DateTimeField(_("as of"))
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    facts = models.BigIntegerField(_("facts"), null=True)
    through = models.BigIntegerField(_("customers up to number"), default=0)
    customers = models.PositiveIntegerField(_("customers"), default=0)

    class Meta:
        verbose_name = _("build of profiles")
        verbose_name_plural = _("builds of profiles")
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M}"


class Round(models.Model):
    """One pass over all customers, slice by slice, and how far it has come."""

    class Kind(models.TextChoices):
        PERSONAS = "personas", _("give each customer a persona")
        STUDIES = "studies", _("study lifecycle, classes and words")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    as_of = models.DateTimeField(_("as of"))
    seed = models.BigIntegerField(_("seed"), default=0)
    clustering = models.ForeignKey(Clustering, null=True, on_delete=models.CASCADE, related_name="rounds")
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    through = models.BigIntegerField(_("customers up to number"), default=0)
    customers = models.PositiveIntegerField(_("customers"), default=0)

    class Meta:
        verbose_name = _("round of customers")
        verbose_name_plural = _("rounds of customers")
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.kind} as of {self.as_of:%Y-%m-%d %H:%M}"
