"""What partners asked to be sent."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import EncryptedTextField
from core.ids import uuid7


class DirectMessage(models.Model):
    """The content of one message that a partner asked for, under the public id it was given.

    Its way is the outbox's: (`run_id`, `message_key`) is the message. The content is encrypted, for it
    may hold codes and order details, and is forgotten a while after sending.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run_id = models.UUIDField()
    message_key = models.BigIntegerField(help_text="The message's database id within its run.")
    customer_id = models.BigIntegerField()
    content = EncryptedTextField(_("content"), blank=True, help_text=_("JSON."))
    created_at = models.DateTimeField(_("asked for"), db_index=True)

    class Meta:
        verbose_name = _("direct message")
        verbose_name_plural = _("direct messages")
        indexes = [models.Index(fields=["customer_id"], name="direct_customer")]

    def __str__(self) -> str:
        return str(self.id)
