"""The line to the provider: chunks are offered in a thread of their own, one after the other.

So the provider's time and ours pass at once: while it takes one chunk, the answers to the one before are
written down and the next is made ready. It also waits for no round trip of PostgreSQL.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from types import TracebackType

import structlog
from django.db import connections

from delivery.channels.base import Connection, Outcome, Verdict
from delivery.outbox.prepare import Prepared

log = structlog.get_logger(__name__)

Answers = list[tuple[Prepared, Outcome]]


class Line:
    """A connection that is busy in a thread; all else about it happens in the caller's.

    The connection is used by one thread at a time. Whatever it asks PostgreSQL there (rates, breaker) goes
    over a connection of the thread, closed with it.
    """

    def __init__(self, connection: Connection) -> None:
        self.is_open = True  # False once the provider cannot be reached: nothing further is offered
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="line")
        self._is_started = False
        self._offered: deque[Future[Answers]] = deque()
        self._left = Outcome(0, Verdict.UNTRIED)

    def __enter__(self) -> "Line":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the chunk at hand. One that was not begun stays `sending`, for the sweeper."""
        for future in self._offered:
            future.cancel()
        if self._is_started:
            self._thread.submit(connections.close_all)
        self._thread.shutdown()

    def offer(self, chunk: Sequence[Prepared], *, more: bool) -> None:
        """Line a chunk up. One alone, with nothing `more` to do meanwhile, needs no thread."""
        if self._is_started or more:
            self._is_started = True
            self._offered.append(self._thread.submit(copy_context().run, self._offer, chunk))
        else:
            self._offered.append(done := Future())
            done.set_result(self._offer(chunk))

    def answers(self, *, room: int) -> Answers:
        """Return the answers that have come, after waiting until at most `room` chunks stand in line."""
        answers: Answers = []
        while self._offered and (len(self._offered) > room or self._offered[0].done()):
            answers += self._offered.popleft().result()
        return answers

    def _offer(self, chunk: Sequence[Prepared]) -> Answers:
        """Offer a chunk; what has no answer when the channel itself fails stays `sending` for the sweeper."""
        if not self.is_open:
            return [(p, replace(self._left, key=p.outgoing.key)) for p in chunk]
        by_key = {p.outgoing.key: p for p in chunk}
        answers: Answers = []
        try:
            for outcome in self._connection.send([p.outgoing for p in chunk]):
                answers.append((by_key[outcome.key], outcome))
        except Exception:
            log.exception("channel_failed", answered=len(answers), offered=len(chunk))
        if not answers:
            self.is_open = False
        elif answers[-1][1].verdict is Verdict.UNTRIED:
            self.is_open, self._left = False, answers[-1][1]
        return answers
