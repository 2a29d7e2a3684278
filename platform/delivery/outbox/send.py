"""One worker's way through a run: batch by batch until nothing is due."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from delivery.channels import channels
from delivery.channels.base import Channel, Connection, Outcome, Verdict
from delivery.models import Run
from delivery.outbox import restored
from delivery.outbox.claim import claim, give_back, mark_sending, next_due
from delivery.outbox.finish import finish_if_done
from delivery.outbox.held_out import record_held_out
from delivery.outbox.pace.guard import PacedGuard
from delivery.outbox.pace.space import release, reserve
from delivery.outbox.policy import DEFAULT, Policy
from delivery.outbox.prepare import Prepared, prepare, still_eligible
from delivery.outbox.settle import settle
from delivery.sources import MessageSource, sources

log = structlog.get_logger(__name__)

#: Sending lasts, so it is given a clock where others are given a moment.
Clock = Callable[[], datetime]
#: Lets some seconds pass.
Wait = Callable[[float], object]
Answers = list[tuple[Prepared, Outcome]]


@dataclass(frozen=True, slots=True)
class Done:
    """What a batch came to, and whether there is use in going on."""

    sent: int
    goes_on: bool


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
    sent, again_at = 0, None
    with channel.connect(PacedGuard(clock, wait)) as connection:
        while until is None or clock() < until:
            space = reserve(run, policy.batch, now=clock())
            done = Done(sent=0, goes_on=False)
            if space.messages:
                done = deliver_batch(
                    run, channel, connection, source, clock=clock, policy=policy, most=space.messages
                )
                sent += done.sent
                if done.goes_on:
                    continue
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
    return Turn(sent, again_at)


def deliver_batch(
    run: Run,
    channel: Channel,
    connection: Connection,
    source: MessageSource,
    *,
    clock: Clock,
    policy: Policy = DEFAULT,
    most: int,
) -> Done:
    """Claim, prepare and send at most so many; what they do not use of the run's hour goes back."""
    messages = claim(run.id, now=clock(), policy=policy, most=most)
    if not messages:
        release(run, most)
        return Done(sent=0, goes_on=False)
    checked_at = clock()
    waiting = prepare(run, messages, source, channel, now=checked_at, policy=policy)
    release(run, most - len(waiting))
    answers: Answers = []
    sent, goes_on = 0, True
    while waiting and goes_on:
        now = clock()
        if now - checked_at > policy.trust:
            waiting, checked_at = still_eligible(run, waiting, source, channel, now=now, policy=policy), now
        chunk, waiting = waiting[: policy.chunk], waiting[policy.chunk :]
        # One commit writes down the last chunk and marks the next one.
        with transaction.atomic():
            settle(run, answers, channel, now=now, policy=policy)
            going = mark_sending(run.id, [p.message for p in chunk], now=now, policy=policy)
        answers = _offer([p for p in chunk if p.message.id in going], connection)
        sent += sum(outcome.verdict is Verdict.SENT for _, outcome in answers)
        goes_on = len(answers) > 0 and answers[-1][1].verdict is not Verdict.UNTRIED
        if not goes_on:
            give_back(run.id, [p.message for p in chunk + waiting])
    settle(run, answers, channel, now=clock(), policy=policy)
    return Done(sent, goes_on)


def _offer(chunk: Sequence[Prepared], connection: Connection) -> Answers:
    """Offer a chunk; what has no answer when the channel itself fails stays `sending` for the sweeper."""
    by_key = {p.outgoing.key: p for p in chunk}
    answers: Answers = []
    try:
        for outcome in connection.send([p.outgoing for p in chunk]):
            answers.append((by_key[outcome.key], outcome))
    except Exception:
        log.exception("channel_failed", answered=len(answers), offered=len(chunk))
    return answers
