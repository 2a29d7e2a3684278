"""What the outbox keeps for itself: its pace, and where it lives."""

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _


class Bucket(models.Model):
    """A token bucket: how many messages may leave by a provider, to a domain, of a run, right now.

    Written by one statement per grant (delivery.outbox.pace.buckets). The rates themselves stand with
    the provider, in the settings, with the run.
    """

    name = models.CharField(_("name"), primary_key=True, max_length=300)
    tokens = models.FloatField(_("tokens"))
    refilled_at = models.DateTimeField(_("refilled"))
    promised_until = models.DateTimeField(
        _("promised until"), help_text="The last moment given to a message that had to wait."
    )

    class Meta:
        verbose_name = _("pace")
        verbose_name_plural = _("paces")

    def __str__(self) -> str:
        return self.name


class Home(models.Model):
    """Where this database lives, and how far it has come; see delivery.outbox.restored.

    One row. A witness outside of the database knows the last tide, so that a database that went back
    in time is recognised, and one that woke up elsewhere.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    installation = models.UUIDField(default=uuid4)
    cluster = models.CharField(
        max_length=60, help_text="PostgreSQL's own id of the cluster and the database."
    )
    tide = models.PositiveBigIntegerField(default=0)
    at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("home of the database")
        verbose_name_plural = _("home of the database")

    def __str__(self) -> str:
        return f"{self.installation} {self.tide}"
