"""Consents from files: who agreed to what, when, with what proof."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.consent import ConsentRow
from customers.loading import load_consents, weigh_people
from customers.models import Channel
from integrations.imports import values
from integrations.imports.errors import BadRow
from integrations.imports.fields import Field, plain, text
from integrations.imports.kinds.base import CONSENT, Context, ImportKind, Outcome, Record, require
from integrations.imports.kinds.customers import PERSON
from integrations.imports.kinds.proof import FIELDS as PROOF
from integrations.imports.kinds.proof import proof_of

_CHANNELS = {"mail": "email", "e-mail": "email", "邮件": "email", "短信": "sms", "text": "sms", "app": "push"}


def channel_of(value: str) -> str:
    """Return a channel by its name or what others call it. Raises BadRow."""
    name = value.casefold()
    name = _CHANNELS.get(name, name)
    if name not in Channel.values:
        raise BadRow(
            _("“%(value)s” is no channel. Known are: %(known)s.")
            % {"value": value[:40], "known": ", ".join(Channel.values)}
        )
    return name


class Consents(ImportKind):
    """One row is one decision of one customer, who must be known."""

    name = "consents"
    needs = (("external_id", "email", "phone"), ("granted",), ("occurred_at",))
    own = True
    fields = (
        *PERSON,
        Field("channel", gettext_lazy("channel"), text(20), ("channel", "medium", "渠道")),
        Field("topic", gettext_lazy("topic"), text(50), ("topic", "list", "purpose", "主题")),
        Field("granted", gettext_lazy("agrees"), plain(values.boolean),
              ("granted", "consent", "optin", "subscribed", "status", "state", "是否同意", "状态")),
        Field("occurred_at", gettext_lazy("when"), values.moment,
              ("occurredat", "consentat", "date", "timestamp", "time", "optintime", "时间", "同意时间")),
        Field("proof", gettext_lazy("proof"), text(1000), ("proof", "evidence", "证明")),
        *PROOF,
    )  # fmt: skip

    def tidy(self, found: dict[str, Any]) -> dict[str, Any]:
        """Name the channel as we do; e-mail when the file names none."""
        for name in ("granted", "occurred_at"):
            require(found, name, self.by_name[name].label)
        return {**found, "channel": channel_of(found.get("channel", "email"))}

    def check(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Say whom nobody knows."""
        outcome.created = len(self._rows(records, context, outcome))

    def store(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Append the decisions."""
        rows = self._rows(records, context, outcome)
        changes = load_consents(rows, context.now)
        outcome.created, outcome.unchanged = len(changes), len(rows) - len(changes)
        outcome.note(CONSENT, changes)

    def _rows(self, records: list[Record], context: Context, outcome: Outcome) -> list[ConsentRow]:
        people = [{"phone_country": context.reading.country, **found} for _line, found in records]
        weighed = weigh_people(people, {}, gentle=True)
        rows = []
        for place, (line, found) in enumerate(records):
            if place in weighed.rejected:
                outcome.rejected.append((line, weighed.rejected[place]))
            elif place not in weighed.ids:
                outcome.rejected.append((line, _("Nobody is known by this. Import the customers first.")))
            elif found["occurred_at"] > context.now:
                outcome.rejected.append((line, _("The consent lies in the future.")))
            else:
                proof = proof_of(found, context)
                if found.get("proof"):
                    proof["proof"] = found["proof"]
                rows.append(
                    ConsentRow(
                        weighed.ids[place], found["channel"], found["granted"], context.source,
                        found["occurred_at"], topic=found.get("topic", "marketing"), proof=proof,
                    )
                )  # fmt: skip
        return rows
