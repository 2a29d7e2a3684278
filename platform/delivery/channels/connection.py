"""What connections to providers have in common: one message at a time, an outcome for each."""

from collections.abc import Callable, Iterator, Sequence

from delivery.channels.base import (
    Outcome,
    OutcomeUnknown,
    Outgoing,
    ProviderUnreachable,
    TransportError,
    Verdict,
)

#: A provider that kept silent this often in a row is left alone for now.
SILENCES_IN_A_ROW = 2
#: What an open connection does with one message; returns the provider's id of it.
Offer = Callable[[Outgoing], str]


class OneByOne:
    """A connection that offers the messages one after the other."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer

    def send(self, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        """Offer each message; after one that could not be offered the others are not tried."""
        unreachable = ""
        silences = 0
        for message in batch:
            if unreachable:
                yield Outcome(message.key, Verdict.UNTRIED, unreachable)
                continue
            outcome = settle(message, self.offer)
            silences = silences + 1 if outcome.verdict is Verdict.UNKNOWN else 0
            if outcome.verdict is Verdict.UNTRIED:
                unreachable = outcome.error
            elif silences >= SILENCES_IN_A_ROW:
                unreachable = "The provider keeps silent."
            yield outcome


def settle(message: Outgoing, offer: Offer) -> Outcome:
    """Offer one message and say what became of it."""
    try:
        return Outcome(message.key, Verdict.SENT, reference=offer(message)[:200])
    except TransportError as error:
        verdict = Verdict.REFUSED if error.permanent else Verdict.POSTPONED
        return Outcome(message.key, verdict, str(error), bounced=error.bounced, retry_after=error.retry_after)
    except OutcomeUnknown as error:
        return Outcome(message.key, Verdict.UNKNOWN, str(error))
    except ProviderUnreachable as error:
        return Outcome(message.key, Verdict.UNTRIED, str(error))
