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
from delivery.outbox.claim import claim, give_back, mark_sending
from delivery.outbox.finish import finish_if_done
from delivery.outbox.policy import DEFAULT, Policy
from delivery.outbox.prepare import Prepared, prepare, still_eligible
from delivery.outbox.settle import settle
from delivery.sources import sources

log = structlog.get_logger(__name__)

#: Sending lasts, so it is given a clock where others are given a moment.
Clock = Callable[[], datetime]
Answers = list[tuple[Prepared, Outcome]]


@dataclass(frozen=True, slots=True)
class Done:
    """What a batch came to, and whether there is use in going on."""

    sent: int
    goes_on: bool


def deliver(run_id: UUID, *, clock: Clock, until: datetime | None = None, policy: Policy = DEFAULT) -> int:
    """Send what is due of a run and return how many messages the provider took.

    Ends when nothing is due, the run was paused or cancelled, the provider cannot be reached, or
    `until` has come (after the batch at hand). Any number of workers may do this at once.
    """
    run = Run.objects.get(pk=run_id)
    channel = channels.get(run.channel)
    sent = 0
    with channel.connect() as connection:
        while until is None or clock() < until:
            done = deliver_batch(run, channel, connection, clock=clock, policy=policy)
            sent += done.sent
            if not done.goes_on:
                break
    finish_if_done(run_id, now=clock())
    return sent


def deliver_batch(
    run: Run, channel: Channel, connection: Connection, *, clock: Clock, policy: Policy = DEFAULT
) -> Done:
    """Claim, prepare and send one batch."""
    source = sources.get(run.source)  # before anything is claimed for it
    messages = claim(run.id, now=clock(), policy=policy)
    if not messages:
        return Done(sent=0, goes_on=False)
    checked_at = clock()
    waiting = prepare(run, messages, source, channel, now=checked_at, policy=policy)
    answers: Answers = []
    sent, goes_on = 0, True
    while waiting and goes_on:
        now = clock()
        if now - checked_at > policy.trust:
            waiting, checked_at = still_eligible(run, waiting, channel, now=now, policy=policy), now
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
