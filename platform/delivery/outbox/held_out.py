"""Recording what those held out would have been sent, so that both groups can be compared alike."""

from datetime import datetime

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from delivery.models import Message, MessageState, Run
from delivery.outbox.changes import Change, write
from delivery.outbox.policy import Policy
from delivery.sources import Foretells, MessageSource

log = structlog.get_logger(__name__)

# A fence of 0 says that nobody has looked at the message yet.
_NEXT = """
SELECT * FROM delivery_message
 WHERE run_id = %s AND state = 'held_out' AND fence = 0
 LIMIT %s
   FOR UPDATE SKIP LOCKED
"""

_RECORDED = """
UPDATE delivery_message SET fence = 1
 WHERE run_id = %s AND id = ANY(%s) AND state = 'held_out' AND fence = 0
"""


def record_held_out(run: Run, source: MessageSource, *, now: datetime, policy: Policy) -> int:
    """Freeze the would-be contexts of a batch of those held out; return how many there were.

    One transaction: a worker that dies leaves them for the next one. What the source cannot foretell is
    noted in the log and left as it is, for a measurement must not stop a run.
    """
    with transaction.atomic():
        messages = list(Message.objects.raw(_NEXT, [run.id, policy.batch]))
        if not messages:
            return 0
        contexts = {}
        if isinstance(source, Foretells):
            try:
                with transaction.atomic():
                    contexts = source.would_be(run, messages, now)
            except (OperationalError, InterfaceError):
                raise  # the database, not the content
            except Exception:
                log.exception("would_be_not_recorded", run=str(run.id), messages=len(messages))
        changes = [
            Change(m.id, m.fence, MessageState.HELD_OUT, context=contexts[m.id])
            for m in messages
            if m.id in contexts
        ]
        write(run.id, changes, from_states=[MessageState.HELD_OUT])
        with connection.cursor() as cursor:
            cursor.execute(_RECORDED, [run.id, [m.id for m in messages]])
    return len(messages)
