"""Providers, and a channel that sends through them to nowhere."""

from contextlib import contextmanager
from datetime import UTC, datetime

from customers.models import Channel
from delivery.channels.base import Outcome, Verdict
from delivery.channels.email import EmailChannel
from delivery.models import Provider

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def make_provider(name="carrier", **fields):
    return Provider.objects.create(
        name=name,
        channel=Channel.EMAIL,
        kind="smtp",
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        **fields,
    )


class Carrier(EmailChannel):
    """Mail over one provider, which answers what `answer(mail)` says (sent unless told otherwise)."""

    def __init__(self, provider=None, answer=None):
        self.provider = provider
        self.answer = answer or (lambda mail: Outcome(mail.key, Verdict.SENT))
        self.offered = []

    @contextmanager
    def connect(self, guard=None):
        yield guard(self.provider, self) if guard else self

    def send(self, batch):
        untried = ""
        for mail in batch:
            if untried:
                yield Outcome(mail.key, Verdict.UNTRIED, untried)
                continue
            self.offered.append(mail)
            outcome = self.answer(mail)
            untried = outcome.error if outcome.verdict is Verdict.UNTRIED else ""
            yield outcome
