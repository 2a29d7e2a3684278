"""A database that was restored from a backup sends nothing by itself.

What was waiting when the backup was made may have been sent since, here or by the twin it was taken
from. So everything open becomes *uncertain*, and a person decides. It is noticed by itself:

- The database woke up elsewhere: PostgreSQL's id of the cluster or of the database is another one, as
  after pg_dump and restore.
- The database went back in time: its tide, which rises with every sweep, is lower than the one that
  Redis or the file var/run/tide.json knows.
- Nobody here knows the database although it has a history: its files were copied to another machine,
  with a Redis and a var/ of their own. (Redis may be lost, and so may var/; not both at once.)

`manage.py after_restore` does the same by hand, or says that the move was meant.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from delivery.models import Home

log = structlog.get_logger(__name__)

REASON = gettext_noop("The database was restored from a backup; whether this went out since is not known.")

_CLUSTER = """
SELECT (SELECT system_identifier FROM pg_control_system()) || '/' ||
       (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_RISE = "UPDATE delivery_home SET tide = tide + 1, at = %s RETURNING installation, tide"

# The fence rises: whoever still holds one of them, in this database's former life, writes nothing.
_CALL_UNCERTAIN = """
UPDATE delivery_message
   SET state = 'uncertain', fence = fence + 1, lease_until = NULL, error = %s
 WHERE state IN ('pending', 'claimed', 'sending')
"""

#: Redis forgets databases that are gone, as those of tests (seconds).
KEPT = 90 * 24 * 3600
_LOCK = 0x484F_4D45


@dataclass(frozen=True, slots=True)
class Noticed:
    """What was found: whether this database was restored, why we think so, and what became uncertain."""

    restored: bool
    why: str = ""
    messages: int = 0


def notice(*, now: datetime) -> Noticed:
    """Look whether the database is the one that we know; if not, let nothing of it go out by itself.

    Called before anything is sent: two small queries and a look into Redis, about 1 ms. The first
    worker to find out acts, the others wait for it.
    """
    home = Home.objects.first()
    if home is None:
        _first(now)
        return Noticed(False)
    if not (why := _strange(home)):
        return Noticed(False)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        home.refresh_from_db()
        if not (why := _strange(home)):
            return Noticed(False)  # another worker was first
        messages = call_all_uncertain()
        settle_here(now=now)
    log.error("database_restored", why=why, uncertain=messages)
    return Noticed(True, why, messages)


def settle_here(*, now: datetime) -> None:
    """Take this place for the database's home, whatever was known of it before.

    It gets a name of its own: the database that it was copied from may live on beside the same Redis.
    """
    fields = {"installation": uuid4(), "cluster": _cluster(), "tide": 1, "at": now}
    home, _ = Home.objects.update_or_create(pk=1, defaults=fields)
    transaction.on_commit(lambda: _tell_witnesses(home.installation, home.tide))


def _first(now: datetime) -> None:
    """Settle a new database, once however many workers start."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if not Home.objects.exists():
            settle_here(now=now)


def rise(*, now: datetime) -> None:
    """Let the tide rise and tell the witnesses. Every sweep does."""
    with connection.cursor() as cursor:
        cursor.execute(_RISE, [now])
        row = cursor.fetchone()
    if row is not None:
        _tell_witnesses(*row)


def call_all_uncertain() -> int:
    """Call everything that is open uncertain, of every run, and return how many messages that were."""
    with connection.cursor() as cursor:
        cursor.execute(_CALL_UNCERTAIN, [REASON])
        return int(cursor.rowcount)


def _strange(home: Home) -> str:
    """Return why this is not the database that we know, or an empty string."""
    if home.cluster != _cluster():
        return "It is in another PostgreSQL cluster or database than before."
    witnessed = _witnessed(home.installation)
    if witnessed is None:
        return "Neither Redis nor var/ knows it, although it has a history." if home.tide else ""
    if home.tide < witnessed:
        home.refresh_from_db(fields=["tide"])  # it may have risen since we read it
    if home.tide < witnessed:
        return "It is older than what was last seen of it."
    return ""


def _cluster() -> str:
    with connection.cursor() as cursor:
        cursor.execute(_CLUSTER)
        return str(cursor.fetchone()[0])


def _witnessed(installation: UUID) -> int | None:
    """Return the highest tide that somebody outside of the database knows, None when nobody does."""
    known = [tide for tide in (_in_redis(installation), _in_file(installation)) if tide is not None]
    return max(known, default=None)


def _tell_witnesses(installation: UUID, tide: int) -> None:
    try:
        cache.set(_key(installation), tide, timeout=KEPT)
    except Exception as error:  # whatever the client raises: the file knows it too
        log.warning("tide_not_in_redis", error=type(error).__name__)
    path = _path()
    part = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"installation": str(installation), "tide": tide}))
        part.replace(path)
    except OSError as error:
        log.warning("tide_not_in_file", error=type(error).__name__)


def _in_redis(installation: UUID) -> int | None:
    try:
        tide = cache.get(_key(installation))
    except Exception:  # Redis may be away
        return None
    return tide if isinstance(tide, int) else None


def _in_file(installation: UUID) -> int | None:
    try:
        found = json.loads(_path().read_text())
        return int(found["tide"]) if found["installation"] == str(installation) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _key(installation: UUID) -> str:
    return f"delivery:tide:{installation}"


def _path() -> Path:
    return Path(settings.VAR) / "run" / "tide.json"
