"""Writing down what the provider answered, with all that follows from it, in one transaction."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from delivery.channels.base import Channel, Outcome, Verdict
from delivery.models import MessageState, Run
from delivery.outbox.changes import Change, write
from delivery.outbox.policy import Policy
from delivery.outbox.prepare import Prepared
from delivery.returns.classify import find_status
from delivery.returns.models import BounceClass, ReturnKind
from delivery.returns.services import Returned, take
from events.models import EventType
from events.services import record

EVENT_SOURCE = "rapport"


def settle(
    run: Run,
    answered: Sequence[tuple[Prepared, Outcome]],
    channel: Channel,
    *,
    now: datetime,
    policy: Policy,
) -> None:
    """Write the outcomes under their fences, the events of those sent, the suppression of dead addresses.

    An answer that comes after the sweeper called the message uncertain is still the truth, and is
    written; one whose message a person has since sent again is not.
    """
    changes = [_change(prepared, outcome, now, policy) for prepared, outcome in answered]
    with transaction.atomic():
        written = write(run.id, changes, from_states=[MessageState.SENDING, MessageState.UNCERTAIN])
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


def _change(prepared: Prepared, outcome: Outcome, now: datetime, policy: Policy) -> Change:
    message = prepared.message
    attempt = message.attempts + 1  # this one, as mark_sending counted it
    state, due_at, sent_at, uncounted = MessageState.FAILED, None, None, 0
    match outcome.verdict:
        case Verdict.SENT:
            state, sent_at = MessageState.SENT, now
        case Verdict.UNKNOWN:
            state = MessageState.UNCERTAIN
        case Verdict.UNTRIED:
            state, due_at, uncounted = MessageState.PENDING, now + policy.outage, -1
        case Verdict.POSTPONED if attempt < policy.attempts:
            state, due_at = MessageState.PENDING, now + policy.pause(attempt)
    return Change(
        message.id,
        message.fence,
        state,
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
