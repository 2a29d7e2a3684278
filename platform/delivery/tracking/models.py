"""What came in over the links of messages and is not yet judged."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Touch(models.Model):
    """An open or a click as it came in. Kept for minutes: what is judged lives on as an event.

    `network` is a keyed hash of the visitor's network, to tell one machine from many people.
    """

    class Kind(models.TextChoices):
        OPEN = "open", _("open")
        CLICK = "click", _("click")

    kind = models.CharField(max_length=5, choices=Kind)
    run_id = models.UUIDField()
    message = models.BigIntegerField()
    link_id = models.UUIDField(null=True)
    sent_at = models.DateTimeField(null=True)
    at = models.DateTimeField()
    hint = models.CharField(max_length=12, blank=True, help_text="What already gives a machine away.")
    network = models.CharField(max_length=16)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("touch")
        verbose_name_plural = _("touches")
        indexes = [
            models.Index(fields=["at"], condition=models.Q(judged_at=None), name="touch_unjudged"),
            models.Index(fields=["run_id", "message"], name="touch_message"),
            models.Index(fields=["network", "at"], name="touch_network"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.run_id}/{self.message}"
