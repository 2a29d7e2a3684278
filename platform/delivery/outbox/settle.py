"""Writing down what the provider answered, with all that follows from it, in one transaction."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from delivery.channels.base import Channel, Outcome, Verdict
from delivery.models import MessageState, Run, SkipReason
from delivery.outbox.changes import Change, write
from delivery.outbox.policy import Policy
from delivery.outbox.prepare import Prepared
from delivery.returns.classify import find_status
from delivery.returns.models import BounceClass, ReturnKind
from delivery.returns.services import Returned, take
from events.models import EventType
from events.services import record

EVENT_SOURCE = "rapport"

#: An answer is the truth also after the sweeper gave up waiting for it: then the message is uncertain, or
#: waits to be sent again. The fence says whether it is still this attempt's answer. Those that wait are asked
#: for apart, because the few others have a small index.
_HELD, _QUEUED = (MessageState.SENDING, MessageState.UNCERTAIN), (MessageState.PENDING,)


def settle(
    run: Run,
    answered: Sequence[tuple[Prepared, Outcome]],
    channel: Channel,
    *,
    now: datetime,
    policy: Policy,
) -> None:
    """Write the outcomes under their fences, the events of those sent, the suppression of dead addresses.

    An answer that comes late is still written, unless the message has since been sent again.
    """
    if not answered:
        return
    changes = [_change(run, prepared, outcome, now, policy) for prepared, outcome in answered]
    with transaction.atomic(savepoint=False):
        written = write(run.id, changes, from_states=_HELD)
        late = [change for change in changes if change.id not in written]
        written |= write(run.id, late, from_states=_QUEUED)
        sent = [p for p, o in answered if o.verdict is Verdict.SENT and p.message.id in written]
        record([_sent_event(run, p, now) for p in sent], now)
        take([_returned(run, p, o, channel, now) for p, o in answered if o.bounced], now=now)


def _returned(run: Run, prepared: Prepared, outcome: Outcome, channel: Channel, now: datetime) -> Returned:
    """Return the refusal of an address at the door as what it is: a hard bounce."""
    return Returned(
        kind=ReturnKind.BOUNCE,
        bounce_class=BounceClass.HARD,
        source="refused",
        occurred_at=now,
        run_id=run.id,
        message=prepared.message.id,
        address_hash=channel.address_hash(prepared.outgoing.address),
        status=find_status(outcome.error),
        diagnostic=outcome.error,
    )


def _change(run: Run, prepared: Prepared, outcome: Outcome, now: datetime, policy: Policy) -> Change:
    message = prepared.message
    attempt = message.attempts + 1  # this one, as mark_sending counted it
    state, reason, due_at, sent_at, uncounted = MessageState.FAILED, "", None, None, 0
    match outcome.verdict:
        case Verdict.SENT:
            state, sent_at = MessageState.SENT, now
        case Verdict.UNKNOWN if run.transactional and attempt < policy.attempts:
            state, due_at = MessageState.PENDING, now + policy.pause(attempt)
        case Verdict.UNKNOWN:
            state = MessageState.UNCERTAIN
        case Verdict.UNTRIED | Verdict.POSTPONED if outcome.retry_after is not None:
            # The provider said when to come again, to all alike: that is not the message's attempt.
            state, due_at, uncounted = MessageState.PENDING, now + policy.spread(outcome.retry_after), -1
        case Verdict.UNTRIED:
            state, due_at, uncounted = MessageState.PENDING, now + policy.outage, -1
        case Verdict.POSTPONED if attempt < policy.attempts:
            state, due_at = MessageState.PENDING, now + policy.pause(attempt)
        case Verdict.POSTPONED:
            reason = SkipReason.GAVE_UP
        case _:
            reason = SkipReason.BOUNCED if outcome.bounced else SkipReason.REFUSED
    return Change(
        message.id,
        message.fence,
        state,
        skip_reason=reason,
        error=outcome.error,
        due_at=due_at,
        sent_at=sent_at,
        attempts=uncounted,
    )


def _sent_event(run: Run, prepared: Prepared, now: datetime) -> dict[str, object]:
    message = prepared.message
    return {
        "source": EVENT_SOURCE,
        "message_id": f"sent:{run.id}:{message.id}",
        "type": EventType.MESSAGE_SENT,
        "customer_id": message.customer_id,
        "occurred_at": now,
        "properties": {
            "source": run.source,
            "reference": run.reference,
            "run": str(run.id),
            "message": message.id,
            "channel": run.channel,
        },
    }
