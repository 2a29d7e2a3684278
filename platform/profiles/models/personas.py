"""Groups of customers who buy alike, and the fits that found them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7


class Clustering(models.Model):
    """One fit of the personas: how it was made and how good it is."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    as_of = models.DateTimeField(_("as of"))
    k = models.PositiveSmallIntegerField(_("personas"))
    silhouette = models.FloatField(_("silhouette"))
    stability = models.FloatField(_("stability"))
    customers = models.PositiveIntegerField(_("customers"))
    explained = models.JSONField(_("share of variance on the map"), default=list)
    parameters = models.JSONField(_("parameters"), default=dict)
    artifact = models.CharField(_("folder of the model"), max_length=300)
    checksum = models.CharField(_("checksum"), max_length=64)
    active = models.BooleanField(_("in use"), default=False)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("clustering")
        verbose_name_plural = _("clusterings")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["active"], condition=models.Q(active=True), name="one_active_clustering"
            )
        ]

    def __str__(self) -> str:
        return f"{self.k} personas as of {self.as_of:%Y-%m-%d}"


class Persona(models.Model):
    """A group of customers who behave alike. Its number stays the same across refits."""

    number = models.PositiveSmallIntegerField(_("number"), unique=True)
    name = models.CharField(_("name"), max_length=150)
    name_edited = models.BooleanField(default=False, editable=False)
    traits = models.JSONField(_("what distinguishes it"), default=list)
    centre = models.JSONField(default=dict, editable=False)
    size = models.PositiveIntegerField(_("customers"), default=0)
    clustering = models.ForeignKey(
        Clustering, on_delete=models.PROTECT, related_name="personas", verbose_name=_("clustering")
    )

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("personas")
        ordering = ["number"]

    def __str__(self) -> str:
        return self.name
