"""One worker's way through a run: batch by batch until nothing is due."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from delivery.channels import channels
from delivery.channels.base import Channel
from delivery.models import Run
from delivery.outbox import restored
from delivery.outbox.claim import claim, next_due
from delivery.outbox.finish import finish_if_done
from delivery.outbox.held_out import record_held_out
from delivery.outbox.line import Line
from delivery.outbox.offer import Offering
from delivery.outbox.pace.guard import PacedGuard
from delivery.outbox.pace.space import release, reserve
from delivery.outbox.policy import DEFAULT, Policy
from delivery.outbox.prepare import prepare
from delivery.sources import MessageSource, sources

#: Sending lasts, so it is given a clock where others are given a moment.
Clock = Callable[[], datetime]
#: Lets some seconds pass.
Wait = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Turn:
    """What a worker's turn came to; `again_at` is when there is more to do, as far as it can be known."""

    sent: int
    again_at: datetime | None = None


def deliver(run_id: UUID, *, clock: Clock, until: datetime | None = None, policy: Policy = DEFAULT) -> int:
    """Send what is due of a run and may go now, and return how many messages the provider took."""
    return take_turn(run_id, clock=clock, until=until, policy=policy).sent


def take_turn(
    run_id: UUID,
    *,
    clock: Clock,
    until: datetime | None = None,
    wait: Wait | None = None,
    policy: Policy = DEFAULT,
) -> Turn:
    """Send what is due of a run.

    Ends when nothing is due, the run was paused or cancelled, the provider cannot be reached, a rate is
    used up for longer than a moment, or `until` has come (after the batch at hand). Any number of
    workers may do this at once. `wait` lets it wait for that moment; without it, it ends at once.
    """
    restored.notice(now=clock())
    run = Run.objects.get(pk=run_id)
    channel = channels.get(run.channel)
    source = sources.get(run.source)  # before anything is claimed for it
    again_at = None
    with (
        channel.connect(PacedGuard(clock, wait)) as connection,
        Line(connection) as line,
        Offering(run, channel, source, line, clock=clock, policy=policy) as offering,
    ):
        while until is None or clock() < until:
            space = reserve(run, policy.batch, now=clock())
            if space.messages and take_batch(
                run, channel, source, offering, clock=clock, policy=policy, most=space.messages
            ):
                continue
            offering.settle()  # what comes back from it may be due again
            now = clock()
            again_at = next_due(run_id) if space.at is None else space.at
            if again_at is None or again_at <= now:  # nothing waits, or a rival has it
                again_at = None
                break
            if wait is None or again_at - now > policy.patient:
                break
            wait((again_at - now).total_seconds())
    while record_held_out(run, source, now=clock(), policy=policy):
        if until is not None and clock() >= until:
            break
    finish_if_done(run_id, now=clock())
    return Turn(offering.sent, again_at)


def take_batch(
    run: Run,
    channel: Channel,
    source: MessageSource,
    offering: Offering,
    *,
    clock: Clock,
    policy: Policy = DEFAULT,
    most: int,
) -> bool:
    """Claim, prepare and offer at most so many, and return whether there is use in going on.

    What they do not use of the run's hour goes back.
    """
    messages = claim(run.id, now=clock(), policy=policy, most=most)
    if not messages:
        release(run, most)
        return False
    now = clock()
    prepared = prepare(run, messages, source, channel, now=now, policy=policy)
    release(run, most - len(prepared))
    return offering.offer(prepared, checked_at=now)
