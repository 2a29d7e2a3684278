"""Deciding for a claimed batch who still gets the message, and rendering and freezing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from customers.models import Channel as CustomerChannel
from delivery import eligibility
from delivery.channels.base import Channel, Outgoing
from delivery.eligibility import Wait
from delivery.eligibility.caps import take_places
from delivery.identity import message_id, unsubscribe_url
from delivery.models import Message, MessageState, Run, SkipReason
from delivery.outbox.changes import Change, write
from delivery.outbox.claim import give_back, held, renew
from delivery.outbox.pace import buckets, limits
from delivery.outbox.policy import Policy
from delivery.returns.verp import return_path
from delivery.rules import wording
from delivery.rules.shipped import Rule
from delivery.schedule import warmup
from delivery.sources import MessageSource, Rendered, Skip, Vetoes
from delivery.tracking.rewrite import follow
from delivery.tracking.short import TEXTS, shorten

log = structlog.get_logger(__name__)

_STILL_OURS = """
SELECT m.id
  FROM delivery_message m
  JOIN unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS held (id, fence)
    ON m.id = held.id AND m.fence = held.fence
 WHERE m.run_id = %(run)s AND m.state = 'claimed'
   FOR UPDATE OF m
"""

#: A source that could not render a message, with the kind of error.
Result = tuple[Rendered, dict[str, Any]] | Skip | Exception


@dataclass(frozen=True, slots=True)
class Prepared:
    """A claimed message with what will be sent."""

    message: Message
    outgoing: Outgoing


def prepare(
    run: Run,
    messages: Sequence[Message],
    source: MessageSource,
    channel: Channel,
    *,
    now: datetime,
    policy: Policy,
) -> list[Prepared]:
    """Skip who may not be written to, let wait for whom it is not the time, render and freeze the rest.

    What the source does on the way (assigning a coupon code) is committed with the frozen context or
    not at all.
    """
    eligible = eligibility.check(run, (m.customer_id for m in messages), channel, now=now)
    reasons = _reasons(run, messages, eligible, source, now)
    going = [m for m in messages if m.id not in reasons and m.customer_id in eligible.addresses]
    reasons |= take_places(run, going, now=now)
    waits = _waits(run, [m for m in going if m.id not in reasons], eligible, now)
    waits |= {m.id: w for m in messages if m.id not in reasons and (w := eligible.waits.get(m.customer_id))}
    with transaction.atomic():
        ours = _lock(run, messages)
        writable, changes = [], []
        for message in (m for m in messages if m.id in ours):
            if message.id in reasons:
                changes.append(_skip(message, reasons[message.id]))
            elif message.id in waits:
                changes.append(_wait(message, waits[message.id]))
            else:
                writable.append(message)
        results = _worded(writable, _render(source, run, writable, now), eligible.rules)
        results = _track(run, writable, results)
        prepared = []
        for message in writable:
            match results.get(message.id, Skip(SkipReason.NO_CONTENT)):
                case Skip(reason=reason):
                    changes.append(_skip(message, reason))
                case Exception() as error:
                    changes.append(_not_rendered(message, error, now, policy))
                case rendered, context:
                    name = message.message_id or message_id(message, rendered.from_email)
                    changes.append(
                        Change(
                            message.id, message.fence, MessageState.CLAIMED, context=context, message_id=name
                        )
                    )
                    address = eligible.addresses[message.customer_id]
                    outgoing = Outgoing(
                        key=message.id,
                        message_id=name,
                        address=address,
                        content=rendered,
                        unsubscribe_url="" if run.transactional else unsubscribe_url(message),
                        date=now,
                        run_id=run.id,
                        customer_id=message.customer_id,
                        return_path=return_path(message, eligible.hashes[message.customer_id]),
                    )
                    prepared.append(Prepared(message, outgoing))
        write(run.id, changes, from_states=[MessageState.CLAIMED])
    return prepared


def still_eligible(
    run: Run,
    prepared: Sequence[Prepared],
    source: MessageSource,
    channel: Channel,
    *,
    now: datetime,
    policy: Policy,
) -> list[Prepared]:
    """Ask again, when sending takes long; skip who withdrew, renew the lease of the others.

    Who has quiet hours by now waits. Whose address changed meanwhile goes back to the queue, to be
    rendered anew.
    """
    eligible = eligibility.check(run, (p.message.customer_id for p in prepared), channel, now=now)
    reasons = _reasons(run, [p.message for p in prepared], eligible, source, now)
    kept, moved, changes = [], [], []
    for p in prepared:
        customer_id = p.message.customer_id
        if p.message.id in reasons:
            changes.append(_skip(p.message, reasons[p.message.id]))
        elif customer_id in eligible.waits:
            changes.append(_wait(p.message, eligible.waits[customer_id]))
        elif eligible.addresses[customer_id] == p.outgoing.address:
            kept.append(p)
        else:
            moved.append(p.message)
    write(run.id, changes, from_states=[MessageState.CLAIMED])
    give_back(run.id, moved)
    renew(run.id, [p.message for p in kept], now=now, policy=policy)
    return kept


def _reasons(
    run: Run,
    messages: Sequence[Message],
    eligible: eligibility.Eligible,
    source: MessageSource,
    now: datetime,
) -> dict[int, str]:
    """Return by message id why those do not go at all. Being of no use any more beats waiting."""
    reasons: dict[int, str] = {}
    for m in messages:
        wait = eligible.waits.get(m.customer_id)
        if m.expires_at is not None and m.expires_at <= (wait.until if wait else now):
            reasons[m.id] = SkipReason.EXPIRED
        elif m.customer_id in eligible.reasons:
            reasons[m.id] = eligible.reasons[m.customer_id]
    left = [m for m in messages if m.id not in reasons]
    if left and isinstance(source, Vetoes):
        reasons |= source.vetoed(run, left, now)
    return reasons


def _waits(
    run: Run, messages: Sequence[Message], eligible: eligibility.Eligible, now: datetime
) -> dict[int, Wait]:
    """Return by message id until when those wait for whom the sender or their domain has no room now."""
    waits: dict[int, Wait] = {}
    grant = None
    if run.channel == CustomerChannel.EMAIL and not run.transactional and messages:
        grant = warmup.take(len(messages), now=now)
    if grant is not None:
        tomorrow = Wait(grant.next_at, SkipReason.WARM_UP)
        waits = {m.id: tomorrow for m in messages[grant.granted :]}
        messages = messages[: grant.granted]
    full = _full_domains(messages, eligible.addresses, now)
    if grant is not None:
        warmup.give_back(grant, len(full))
    return waits | full


def _full_domains(
    messages: Sequence[Message], addresses: Mapping[int, str], now: datetime
) -> dict[int, Wait]:
    """Return by message id until when those wait whose recipient's domain gets no more for now."""
    by_domain: dict[limits.Limit, list[Message]] = {}
    for message in messages:
        _, at, domain = addresses.get(message.customer_id, "").rpartition("@")
        if at and (limit := limits.of_domain(domain)):  # only mail addresses have domains
            by_domain.setdefault(limit, []).append(message)
    wanted = {limit: len(group) for limit, group in by_domain.items()}
    grants = buckets.take(wanted, now=now, promise=True)
    waits = {}
    for limit, group in by_domain.items():
        grant = grants[limit.name]
        for k, message in enumerate(group[grant.granted :], start=1):
            waits[message.id] = Wait(grant.slot(k))
    return waits


def _lock(run: Run, messages: Sequence[Message]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(_STILL_OURS, held(run.id, messages))
        return {key for (key,) in cursor.fetchall()}


def _render(source: MessageSource, run: Run, messages: Sequence[Message], now: datetime) -> dict[int, Result]:
    """Render the batch; when that fails, one by one, so that one bad message stops no other."""
    if not messages:
        return {}
    try:
        with transaction.atomic():
            return dict(source.render(run, messages, now))
    except (OperationalError, InterfaceError):
        raise  # the database, not the content
    except Exception as error:
        if len(messages) == 1:
            log.exception("message_not_rendered", run=str(run.id), message=messages[0].id)
            return {messages[0].id: error}
    results: dict[int, Result] = {}
    for message in messages:
        results |= _render(source, run, [message], now)
    return results


def _worded(
    messages: Sequence[Message], results: dict[int, Result], rules: Mapping[int, Rule]
) -> dict[int, Result]:
    """Put in what each recipient's market asks for."""
    worded = dict(results)
    for message in messages:
        result, rule = results.get(message.id), rules.get(message.customer_id)
        if isinstance(result, tuple) and rule is not None:
            worded[message.id] = (wording.fit(result[0], rule), result[1])
    return worded


def _track(run: Run, messages: Sequence[Message], results: dict[int, Result]) -> dict[int, Result]:
    """Lead the links of what was rendered over us."""
    rendered = [(m, r) for m in messages if isinstance(r := results.get(m.id), tuple)]
    contents = [(message, content) for message, (content, _) in rendered]
    followed = (shorten if run.channel in TEXTS else follow)(run, contents)
    return results | {
        message.id: (content, context)
        for (message, (_, context)), content in zip(rendered, followed, strict=True)
    }


def _skip(message: Message, reason: str) -> Change:
    return Change(message.id, message.fence, MessageState.SKIPPED, skip_reason=reason)


def _wait(message: Message, wait: Wait) -> Change:
    return Change(message.id, message.fence, MessageState.PENDING, skip_reason=wait.reason, due_at=wait.until)


def _not_rendered(message: Message, error: Exception, now: datetime, policy: Policy) -> Change:
    attempt = message.attempts + 1
    last = attempt >= policy.attempts
    return Change(
        message.id,
        message.fence,
        MessageState.FAILED if last else MessageState.PENDING,
        skip_reason=SkipReason.BROKEN if last else "",
        error=f"The content could not be made ({type(error).__name__}).",
        due_at=None if last else now + policy.pause(attempt),
        attempts=1,
    )
