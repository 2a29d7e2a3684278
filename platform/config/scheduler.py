"""Beat with one leader: of several processes only the holder of an advisory lock sends what is due.

Two beats without it sent 28 ticks for 14 due ones. The lock belongs to a connection of its own; PostgreSQL
releases it when that connection ends, however the process ends. (Through a connection pooler beat needs a
session of its own.)
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, connections
from django_celery_beat.schedulers import DatabaseScheduler

LOCK = 7_245_001
STANDBY = 5.0  # seconds between attempts to become the leader
PROOF = 5.0  # seconds between proofs that the lock's connection lives

log = structlog.get_logger(__name__)


class Leadership:
    """Hold the advisory lock on a connection of its own, and notice when that is lost."""

    def __init__(self, lock: int = LOCK) -> None:
        self.lock = lock
        self._connection: Any = None
        self._proven = 0.0

    def held(self) -> bool:
        """Say whether we lead, trying to when nobody does. An unreachable database means no."""
        try:
            if self._connection is not None:
                if time.monotonic() - self._proven > PROOF:
                    with self._connection.cursor() as cursor:
                        cursor.execute("SELECT 1")
                    self._proven = time.monotonic()
                return True
            return self._try()
        except (DatabaseError, InterfaceError):
            self.give_up()
            return False

    def give_up(self) -> None:
        """Close the connection, and with it the lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except (DatabaseError, InterfaceError):
                log.warning("leadership_connection_lost")

    def _try(self) -> bool:
        connection = connections.create_connection("default")
        try:
            connection.inc_thread_sharing()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [self.lock])
                leads = bool(cursor.fetchone()[0])
        except (DatabaseError, InterfaceError):
            connection.close()
            raise
        if not leads:
            connection.close()
            return False
        self._connection = connection
        self._proven = time.monotonic()
        log.info("beat_leads")
        return True


class LeaderScheduler(DatabaseScheduler):
    """Send due tasks only while this process leads; the schedule is edited in the admin."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.leadership = Leadership()
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due and return the seconds until the next look."""
        if not self.leadership.held():
            return STANDBY
        try:
            return float(super().tick(*args, **kwargs))
        except (DatabaseError, InterfaceError):
            log.warning("beat_without_database")
            return STANDBY

    def close(self) -> None:
        """Write the last runs back and let another beat lead."""
        super().close()
        self.leadership.give_up()
