"""gunicorn's worker with threads, where connections spread evenly over the processes.

All workers wait for one socket and whoever wakes first takes what has come. A partner who keeps sixteen
connections so gave one process as many as all of them: it answered everything beside idle neighbours, and
each call waited for the calls before it.
"""

import mmap
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

#: For how long a worker that has more than another leaves a new connection to the others.
GIVE_WAY = 0.01
#: Workers are told apart by their age, which counts up; so many are never alive at once.
PLACES = 256
#: In the place of a worker that does not take connections: not yet, or not any more.
ABSENT = -1

# Made before the workers are, so they share it. One number each, written by its owner alone (and by the
# arbiter, when the owner has died).
_held = memoryview(mmap.mmap(-1, 4 * PLACES)).cast("i")
for _place in range(PLACES):
    _held[_place] = ABSENT


class EvenWorker(ThreadWorker):  # type: ignore[misc]
    """Leave a new connection to a worker that has fewer of them, if it comes for it in time.

    Meanwhile this one looks after those it has.
    """

    _back_at: float | None = None

    def notify(self) -> None:
        """Say that this worker lives, and how many connections it holds."""
        super().notify()
        self._tell(self.nr_conns)

    def accept(self, listener: Any) -> None:
        """Take a connection, or leave it to those who have fewer for a while."""
        if self.nr_conns > min((held for held in _held if held != ABSENT), default=0):
            self._back_at = time.monotonic() + GIVE_WAY
            self.set_accept_enabled(enabled=False)
        else:
            self._take(listener)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Look at the socket or not; not while others are given way to, and then for what they left."""
        if enabled and self._back_at is not None:
            if time.monotonic() < self._back_at:
                return
            self._back_at = None
            for listener in self.sockets:
                self._take(listener)
        super().set_accept_enabled(enabled)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what comes, and no longer than others are given way to."""
        if self._back_at is not None and self.alive:
            timeout = min(timeout, max(self._back_at - time.monotonic(), 0.0))
        super().wait_for_and_dispatch_events(timeout)

    def leave(self) -> None:
        """Let nobody give way to this worker any more; the arbiter says so of those that ended."""
        self._tell(ABSENT)

    def _take(self, listener: Any) -> None:
        super().accept(listener)
        self._tell(self.nr_conns)

    def _tell(self, held: int) -> None:
        _held[self.age % PLACES] = held
