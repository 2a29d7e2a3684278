"""The figures by which the outbox works."""

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """How much at once, how long, and how often."""

    #: Messages a claim takes: one rendering call and about 20 ms of queries.
    batch: int = 200
    #: Messages marked `sending` and offered at once. A commit and six statements each, 3 ms that do not grow
    #: with it, but pass while the provider has another chunk.
    chunk: int = 25
    #: How long a worker may be silent before the messages that it has not offered go to others.
    lease: timedelta = timedelta(seconds=60)
    #: After this without a sign of a worker the sweeper wakes others for what still waits.
    silence: timedelta = timedelta(seconds=25)
    #: How long the provider may take over a chunk before its messages are called uncertain.
    patience: timedelta = timedelta(minutes=5)
    #: After this eligibility is asked again, and the lease renewed, for the rest of a batch. Withdrawal
    #: stops queued mail within 60 s.
    trust: timedelta = timedelta(seconds=30)
    #: Attempts at the provider before a message counts as failed.
    attempts: int = 3
    #: Claims by workers that then died, before the message itself is suspected of killing them.
    claims: int = 10
    #: Pause before the second and the third attempt.
    backoff: tuple[timedelta, ...] = (timedelta(minutes=1), timedelta(minutes=10))
    #: How long a worker waits for a rate; for longer ones it ends its turn and is woken again.
    patient: timedelta = timedelta(seconds=1)
    #: Pause while the provider cannot be reached; such a try is not counted as an attempt.
    outage: timedelta = timedelta(seconds=30)

    @property
    def at_stake(self) -> int:
        """Return the most that a killed worker leaves uncertain: a chunk offered and another in line."""
        return 2 * self.chunk

    def pause(self, attempt: int) -> timedelta:
        """Return the pause after an attempt (1, 2, …), varied by a fifth so that retries spread out."""
        return self.backoff[min(attempt, len(self.backoff)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311

    def spread(self, pause: timedelta) -> timedelta:
        """Return a pause lengthened by up to a fifth: those told the same shall not come back as one."""
        return pause * random.uniform(1.0, 1.2)  # noqa: S311


DEFAULT = Policy()
