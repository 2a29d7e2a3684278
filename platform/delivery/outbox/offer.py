"""From prepared messages to settled ones: marked as being sent, offered in chunks, written down."""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType

from django.db import transaction

from delivery.channels.base import Channel, Verdict
from delivery.models import Run
from delivery.outbox.claim import give_back, mark_sending
from delivery.outbox.line import Answers, Line
from delivery.outbox.policy import Policy
from delivery.outbox.prepare import Prepared, still_eligible
from delivery.outbox.settle import settle
from delivery.sources import MessageSource


class Offering:
    """What a worker has under way. At most two chunks are marked `sending`, one of them with the provider.

    Each is marked and committed before it stands in line, so that nothing is offered which a crash would
    not leave behind as `sending`. The block settles at its end what still was under way, also after an
    error.
    """

    def __init__(
        self,
        run: Run,
        channel: Channel,
        source: MessageSource,
        line: Line,
        *,
        clock: Callable[[], datetime],
        policy: Policy,
    ) -> None:
        self.sent = 0
        self._run, self._channel, self._source, self._line = run, channel, source, line
        self._clock, self._policy = clock, policy

    def __enter__(self) -> "Offering":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.settle()

    def offer(self, prepared: Sequence[Prepared], *, checked_at: datetime) -> bool:
        """Offer them all, and return whether there is use in going on.

        Answers may still be under way then; they are settled with the next chunks. Asks again who may be
        written to when that was long ago. What is not offered goes back to the queue.
        """
        policy, waiting = self._policy, prepared
        while waiting:
            answers = self._line.answers(room=1)
            now = self._clock()
            if not self._line.is_open:
                self._settle(answers, now)
                break
            if now - checked_at > policy.trust:
                waiting = still_eligible(
                    self._run, waiting, self._source, self._channel, now=now, policy=policy
                )
                checked_at = now
            chunk, waiting = waiting[: policy.chunk], waiting[policy.chunk :]
            # One commit writes down an earlier chunk and marks the next one.
            with transaction.atomic():
                self._settle(answers, now)
                going = mark_sending(self._run.id, [p.message for p in chunk], now=now, policy=policy)
            if not going:
                give_back(self._run.id, [p.message for p in [*chunk, *waiting]])
                return False
            self._line.offer([p for p in chunk if p.message.id in going], more=bool(waiting))
        if waiting:
            give_back(self._run.id, [p.message for p in waiting])
        return self._line.is_open

    def settle(self) -> None:
        """Wait for all that is under way and write it down."""
        self._settle(self._line.answers(room=0), self._clock())

    def _settle(self, answers: Answers, now: datetime) -> None:
        settle(self._run, answers, self._channel, now=now, policy=self._policy)
        self.sent += sum(outcome.verdict is Verdict.SENT for _, outcome in answers)
