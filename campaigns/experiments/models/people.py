"""Who is in which arm, and when that could first make a difference."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Customer

from .designs import Experiment, Variant
from .waves import Wave


class Assignment(models.Model):
    """Which arm a customer is in. Stored once, never recomputed. A null variant is the hold-out.

    `explored` says that the person was drawn at the planned shares; in a wave that learns only those tell
    what an arm is worth. `multiple` counts the further arms that a merged person was in: he or she is left
    out of the comparison.
    """

    experiment = models.ForeignKey(
        Experiment, on_delete=models.CASCADE, related_name="assignments", db_index=False
    )
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="assignments")
    variant = models.ForeignKey(Variant, null=True, on_delete=models.CASCADE, related_name="assignments")
    wave = models.ForeignKey(
        Wave, null=True, on_delete=models.CASCADE, related_name="assignments", db_index=False
    )
    bucket = models.PositiveSmallIntegerField(_("bucket"))
    propensity = models.FloatField(_("probability"))
    explored = models.BooleanField(_("at planned shares"), default=True, db_default=True)
    multiple = models.PositiveSmallIntegerField(_("further arms"), default=0, db_default=0)
    policy_version = models.CharField(_("policy version"), max_length=64, default="fixed")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints = [models.UniqueConstraint(fields=["experiment", "customer"], name="assignment_once")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.variant_id or 'held out'}"


class Exposure(models.Model):
    """The moment a message went, or would have gone to a held-out person.

    Written for those who may be written to at that moment, in every arm alike, whatever then becomes of the
    message: a bounce or a mail that nobody but a machine opened stays in the denominator.
    """

    assignment = models.OneToOneField(
        Assignment, primary_key=True, on_delete=models.CASCADE, related_name="exposure"
    )
    at = models.DateTimeField(_("at"))
    ghost = models.BooleanField(_("held out"), default=False)
    message = models.BigIntegerField(_("message"), null=True)

    class Meta:
        verbose_name = _("exposure")
        verbose_name_plural = _("exposures")

    def __str__(self) -> str:
        return str(self.assignment_id)
