"""What people are told under the bell: once for each matter, read or unread, forgotten in the end.

    tell("campaigns.launch_campaign", Notice.Kind.APPROVAL_ASKED, noop("“%(name)s” waits for approval."),
         campaign_url, now, facts={"name": campaign.name}, key=f"approval:{campaign.pk}", but=asker)

The title is an English message, marked for translation where it is written (`gettext_noop`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Job, Notice, User

#: How long a notice is kept that was read, and any other one.
KEEP_READ = timedelta(days=30)
KEEP = timedelta(days=90)
#: Running work that shows no sign for so long is not counted as running.
_OPEN_WITHIN = timedelta(days=1)
#: The bell counts no further.
MOST = 99


def tell(
    to: str | Iterable[User | None],
    kind: str,
    title: str,
    url: str,
    now: datetime,
    *,
    facts: Mapping[str, Any] | None = None,
    key: str | None = None,
    but: User | None = None,
) -> int:
    """Tell people something, and return how many were told. Two statements, however many they are.

    `to` are people, or a permission ("campaigns.launch_campaign") whose holders are meant; `but` leaves
    out the one who did it. With a `key`, a person is told of a matter once, whatever calls again. `url` is
    an address of ours ("/admin/…") or empty. Call it in the transaction of what happened. Raises
    ValueError for an address elsewhere.
    """
    if url and (not url.startswith("/") or url.startswith(("//", "/\\"))):
        raise ValueError(f"A notice leads to a page of ours, not to {url}.")
    people = holders(to) if isinstance(to, str) else [user for user in to if user]
    rows = [
        Notice(
            user=user,
            kind=kind,
            title=str(title)[:200],
            facts=dict(facts or {}),
            url=url,
            key=key,
            created_at=now,
        )
        for user in {user.pk: user for user in people if user.is_active and user != but}.values()
    ]
    before = Notice.objects.filter(key=key, user__in=[row.user_id for row in rows]).count() if key else 0
    Notice.objects.bulk_create(rows, ignore_conflicts=key is not None)
    return len(rows) - before


def holders(permission: str) -> list[User]:
    """Return the active members of staff who have a permission. One statement."""
    return list(User.objects.with_perm(permission).filter(is_staff=True))


def unread(user: User) -> int:
    """Return how many notices wait for a person, 100 for more than 99. One partial index."""
    return Notice.objects.filter(user=user, read_at=None)[: MOST + 1].count()


def of(user: User) -> QuerySet[Notice]:
    """Return a person's notices, the newest first."""
    return Notice.objects.filter(user=user)


def mark_read(user: User, now: datetime, *, pk: int | None = None) -> int:
    """Mark a person's notices as read, all or one. Return how many were unread."""
    waiting = Notice.objects.filter(user=user, read_at=None)
    return (waiting if pk is None else waiting.filter(pk=pk)).update(read_at=now)


def is_work_running(now: datetime) -> bool:
    """Say whether long work is under way."""
    return Job.objects.filter(
        state__in=[Job.State.QUEUED, Job.State.RUNNING], created_at__gte=now - _OPEN_WITHIN
    ).exists()


def forget(now: datetime) -> int:
    """Delete notices read 30 days ago, and any that is 90 days old. Return how many went."""
    old = Q(read_at__lt=now - KEEP_READ) | Q(created_at__lt=now - KEEP)
    return Notice.objects.filter(old).delete()[0]
