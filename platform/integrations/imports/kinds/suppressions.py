"""Addresses from files that are never to be written to."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.encryption import keyed_hash, normalise_email, normalise_phone
from customers.loading import SuppressionRow, load_suppressions
from customers.models import Channel, Suppression
from integrations.imports import values
from integrations.imports.errors import BadRow
from integrations.imports.fields import Field, text
from integrations.imports.kinds.base import SUPPRESSION, Context, ImportKind, Outcome, Record, require
from integrations.imports.kinds.consents import channel_of

#: Channels whose addresses are phone numbers.
_BY_PHONE = {Channel.SMS}
_REASONS = {
    "unsubscribe": "unsubscribed", "unsubscribed": "unsubscribed", "optout": "unsubscribed",
    "opt-out": "unsubscribed",
    "bounce": "bounced", "bounced": "bounced", "hard bounce": "bounced", "hard_bounce": "bounced",
    "cleaned": "bounced",
    "complaint": "complained", "complained": "complained", "spam": "complained", "abuse": "complained",
    "退订": "unsubscribed", "投诉": "complained", "退信": "bounced",
}  # fmt: skip


class Suppressions(ImportKind):
    """One row is one address."""

    name = "suppressions"
    needs = (("address",),)
    fields = (
        Field("address", gettext_lazy("address"), text(254),
              ("address", "email", "emailaddress", "mail", "phone", "recipient", "邮箱", "手机号")),
        Field("channel", gettext_lazy("channel"), text(20), ("channel", "渠道")),
        Field("reason", gettext_lazy("reason"), text(60), ("reason", "type", "status", "原因")),
        Field("until", gettext_lazy("until"), values.moment, ("until", "expires", "截止时间")),
    )  # fmt: skip

    def tidy(self, found: dict[str, Any]) -> dict[str, Any]:
        """Name channel and reason as we do. An address without @ is a phone number."""
        require(found, "address", self.by_name["address"].label)
        guess = Channel.EMAIL if "@" in found["address"] else Channel.SMS
        channel = channel_of(found.get("channel", guess))
        reason = _REASONS.get(found.get("reason", "").casefold(), Suppression.Reason.MANUAL)
        return {**found, "channel": channel, "reason": str(reason)}

    def check(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Say which addresses can be read."""
        outcome.created = len(self._rows(records, context, outcome))

    def store(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Suppress the addresses."""
        rows = self._rows(records, context, outcome)
        changes = load_suppressions(rows, context.now)
        outcome.created = sum(change.created for change in changes)
        outcome.changed = len(changes) - outcome.created
        outcome.unchanged = len(rows) - len(changes)
        outcome.note(SUPPRESSION, changes)

    def _rows(self, records: list[Record], context: Context, outcome: Outcome) -> list[SuppressionRow]:
        rows = []
        for line, found in records:
            try:
                value_hash = self._hash(found, context)
            except BadRow as error:
                outcome.rejected.append((line, str(error)))
                continue
            rows.append(SuppressionRow(found["channel"], value_hash, found["reason"], found.get("until")))
        return rows

    def _hash(self, found: dict[str, Any], context: Context) -> str:
        address = found["address"]
        try:
            if found["channel"] in _BY_PHONE:
                country = context.reading.country or settings.SHOP_COUNTRY
                return keyed_hash("phone", normalise_phone(address, country))
            return keyed_hash("email", normalise_email(address))
        except ValueError:
            raise BadRow(_("“%(value)s” is not an address of this channel.") % {"value": address}) from None
