"""What was found out about all customers together, and in each customer's own words."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from customers.models import Customer
from profiles.models.work import Round


class Study(models.Model):
    """Something found out about all customers together, as of a moment; the latest of a kind is shown."""

    class Kind(models.TextChoices):
        LIFECYCLE = "lifecycle", _("lifecycle")
        CLASSES = "classes", _("classes")
        PERSONAS = "personas", _("who moved between personas")
        FIELDS = "fields", _("which fields tell what comes next")
        TEXTS = "texts", _("interests and opinions")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    as_of = models.DateTimeField(_("as of"))
    known = models.BooleanField(_("known"))
    content = models.JSONField(
        _("content"), default=dict, help_text=_("What was found, or what is missing for it.")
    )
    work = models.ForeignKey(
        Round, null=True, on_delete=models.SET_NULL, related_name="studies", verbose_name=_("round of work")
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("study")
        verbose_name_plural = _("studies")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["kind", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.kind} as of {self.as_of:%Y-%m-%d}"


class CustomerTexts(models.Model):
    """What a customer's own words say: searches and reviews, weighed against everybody's."""

    customer = models.OneToOneField(
        Customer,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="texts",
        verbose_name=_("customer"),
    )
    interests = models.JSONField(
        _("interests"),
        default=list,
        help_text=_("The ten words of searches and reviews with the highest TF-IDF among all customers."),
    )
    reviews = models.PositiveIntegerField(_("reviews"), default=0)
    sentiment = models.FloatField(
        _("sentiment of reviews"),
        null=True,
        help_text=_("Mean over reviews, −1 to 1: good less bad words ÷ both, turned by a no before them."),
    )
    as_of = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("interests of a customer")
        verbose_name_plural = _("interests of customers")

    def __str__(self) -> str:
        return str(self.customer_id)
