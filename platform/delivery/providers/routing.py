"""Which provider carries a batch, and who takes over when it cannot."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

import structlog
from django.conf import settings

from core.registry import UnknownEntry
from delivery.channels.base import Connection, Guard, Outcome, Outgoing, Verdict
from delivery.models import Provider
from delivery.providers.health import Tally, add, keep_references
from delivery.providers.kinds import kinds

log = structlog.get_logger(__name__)

#: Opens what is built in: the sink, the inbox, the mail server of EMAIL_URL.
BuiltIn = Callable[[], AbstractContextManager[Connection]]
#: Tallies are written down at the end of a turn, or after this many outcomes.
WRITE_EVERY = 1000


class Routed:
    """A connection over all providers of a channel.

    The active ones of the lowest `priority` share batches by `weight`; what one of them does not try
    goes to the next. Where none is set up, the built-in one serves: always so in the demo, so that
    nothing leaves the machine.
    """

    def __init__(self, channel: str, built_in: BuiltIn | None, guard: Guard | None = None) -> None:
        self.channel = channel
        self.built_in = built_in
        self.guard = guard
        self._stack = ExitStack()
        self._open: dict[Provider | None, Connection] = {}
        self._providers: list[Provider] | None = None
        self._tallies: dict[Provider | None, Tally] = {}

    def __enter__(self) -> "Routed":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._write_down()
        finally:
            self._stack.close()

    def send(self, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        """Offer the batch to one provider after the other until each message has an outcome."""
        waiting = list(batch)
        reason = "No provider is set up for this channel; add one under Delivery › Providers."
        for provider in self._order():
            if not waiting:
                break
            tried = 0
            for outcome in self._through(provider, waiting):
                if outcome.verdict is Verdict.UNTRIED:
                    reason = outcome.error
                    break
                tried += 1
                yield outcome
            waiting = waiting[tried:]
        for message in waiting:
            yield Outcome(message.key, Verdict.UNTRIED, reason)
        if sum(tally.outcomes for tally in self._tallies.values()) >= WRITE_EVERY:
            self._write_down()

    def _order(self) -> list[Provider | None]:
        """Return who is asked, in order; those that share a place are shuffled by their weights."""
        if self._providers is None:
            self._providers = usable(self.channel)
        order = sorted(
            self._providers,
            key=lambda p: (p.priority, random.random() ** (1 / p.weight) * -1),  # noqa: S311
        )
        return [*order] or ([None] if self.built_in else [])

    def _through(self, provider: Provider | None, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        """Offer a batch to one provider and count what it answers."""
        tally = self._tallies.setdefault(provider, Tally(batch[0].date))
        references: list[tuple[Outgoing, str]] = []
        is_test = batch[0].run_id is None
        by_key = {message.key: message for message in batch}
        asked = time.monotonic()
        try:
            for outcome in self._connection(provider).send(batch):
                answered = time.monotonic()
                if not is_test:
                    tally.count(outcome, answered - asked)
                    if provider is not None and outcome.reference:
                        references.append((by_key[outcome.key], outcome.reference))
                yield outcome
                asked = time.monotonic()
        finally:
            if provider is not None and references:
                keep_references(provider, references)

    def _connection(self, provider: Provider | None) -> Connection:
        if provider not in self._open:
            self._open[provider] = self._connect(provider)
        return self._open[provider]

    def _connect(self, provider: Provider | None) -> Connection:
        if provider is None:
            assert self.built_in is not None  # noqa: S101  `_order` asks for it only where there is one
            connection = self._stack.enter_context(self.built_in())
        else:
            connection = self._stack.enter_context(kinds.get(provider.kind).open(provider.configuration))
        return self.guard(provider, connection) if self.guard else connection

    def _write_down(self) -> None:
        tallies = {provider: tally for provider, tally in self._tallies.items() if tally.outcomes}
        self._tallies = {}
        try:
            add(self.channel, tallies)
        except Exception:  # figures for a page: the messages themselves are settled elsewhere
            log.exception("provider_figures_lost", channel=self.channel)


def usable(channel: str) -> list[Provider]:
    """Return a channel's providers that may be used, the first ones first. None of them in the demo."""
    if settings.IS_DEMO:
        return []
    found = []
    for provider in Provider.objects.filter(channel=channel, is_active=True):
        try:
            kinds.get(provider.kind)
        except UnknownEntry:
            log.error("provider_of_unknown_kind", provider=provider.name, kind=provider.kind)
        else:
            found.append(provider)
    return found


def test_connection(provider: Provider) -> AbstractContextManager[Connection]:
    """Open a provider as it is, beside order, breaker and statistics. The caller minds the demo."""
    return kinds.get(provider.kind).open(provider.configuration)
