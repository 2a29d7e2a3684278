"""How providers do: counted in memory while sending, kept by the hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from delivery.channels.base import Outcome, Outgoing, Verdict
from delivery.models import Handover, Provider

_ADD = """
INSERT INTO delivery_providerhour
       (provider_id, channel, hour, sent, refused, postponed, unknown, untried, calls, milliseconds)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT ON CONSTRAINT provider_hour_once DO UPDATE
   SET sent = delivery_providerhour.sent + excluded.sent,
       refused = delivery_providerhour.refused + excluded.refused,
       postponed = delivery_providerhour.postponed + excluded.postponed,
       unknown = delivery_providerhour.unknown + excluded.unknown,
       untried = delivery_providerhour.untried + excluded.untried,
       calls = delivery_providerhour.calls + excluded.calls,
       milliseconds = delivery_providerhour.milliseconds + excluded.milliseconds
"""
#: What says that the provider, not the message, is in trouble.
_TROUBLE = {Verdict.UNTRIED, Verdict.UNKNOWN, Verdict.POSTPONED}


@dataclass(slots=True)
class Tally:
    """Outcomes of one provider since the last writing down."""

    at: datetime
    counts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    seconds: float = 0.0
    error: str = ""

    def count(self, outcome: Outcome, seconds: float) -> None:
        """Add an outcome and how long it took."""
        self.counts[outcome.verdict] += 1
        self.seconds += seconds
        if outcome.verdict in _TROUBLE and outcome.error:
            self.error = outcome.error

    @property
    def outcomes(self) -> int:
        """Return how many outcomes were counted."""
        return sum(self.counts.values())


def add(channel: str, tallies: Mapping[Provider | None, Tally]) -> None:
    """Add tallies to their hours. Two statements for each provider that was used in a turn."""
    with connection.cursor() as cursor:
        for provider, tally in tallies.items():
            hour = tally.at.replace(minute=0, second=0, microsecond=0)
            n = tally.counts
            answers = tally.outcomes - n[Verdict.UNTRIED]
            cursor.execute(
                _ADD,
                [
                    provider.pk if provider else None, channel, hour, n[Verdict.SENT], n[Verdict.REFUSED],
                    n[Verdict.POSTPONED], n[Verdict.UNKNOWN], n[Verdict.UNTRIED], answers,
                    round(tally.seconds * 1000),
                ],
            )  # fmt: skip
            if provider and tally.error:
                Provider.objects.filter(pk=provider.pk).update(
                    last_error=tally.error[:300], last_error_at=tally.at
                )


def keep_references(provider: Provider, taken: Sequence[tuple[Outgoing, str]]) -> None:
    """Keep under which ids a provider took messages. One statement for a batch."""
    Handover.objects.bulk_create(
        [
            Handover(
                provider=provider,
                reference=reference,
                run_id=message.run_id,
                message_id=message.key,
                customer_id=message.customer_id,
                handed_at=message.date,
            )
            for message, reference in taken
            if message.run_id is not None
        ],
        ignore_conflicts=True,
    )
