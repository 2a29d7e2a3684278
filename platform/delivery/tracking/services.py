"""Writing a touch down."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from delivery.tracking.models import Touch

# The message itself says whether there is such a one, and when it went. The reader does not wait for the
# disk: a crash may cost the touches of its last half second.
_NOTE = """
INSERT INTO delivery_touch (kind, run_id, message, link_id, sent_at, at, hint, network)
SELECT %s, run_id, id, %s, sent_at, %s, %s, %s
  FROM delivery_message, set_config('synchronous_commit', 'off', true)
 WHERE run_id = %s AND id = %s
"""


def note(
    kind: Touch.Kind,
    run_id: UUID,
    message: int,
    *,
    now: datetime,
    link_id: UUID | None = None,
    hint: str = "",
    network: str = "",
) -> bool:
    """Store an open or a click of a message that exists; return whether it does. One statement, 1 ms."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [kind.value, link_id, now, hint, network, run_id, message])
        return bool(cursor.rowcount)
