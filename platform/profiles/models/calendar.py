"""Days that explain purchases by themselves."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SalePeriod(models.Model):
    """Days on which the shop sold at a discount to everybody, so that what was bought then is no loyalty."""

    name = models.CharField(_("name"), max_length=100)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))

    class Meta:
        verbose_name = _("sale period")
        verbose_name_plural = _("sale periods")
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")),
                name="sale_period_not_reversed",
                violation_error_message=_("The last day must not lie before the first."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class CalendarDay(models.Model):
    """A day of the shop that explains purchases by itself: a public holiday, or a sale."""

    day = models.DateField(_("day"), primary_key=True)
    holiday = models.CharField(_("holiday"), max_length=200, blank=True)
    sale = models.CharField(_("sale"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("day of the calendar")
        verbose_name_plural = _("calendar")
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"
