"""Writing segments and their rules. Who is in them is written by `refresh`, `incremental` and `lists`."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import ProtectedError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from core.ids import uuid7
from segments.compiler import compile_rule
from segments.incremental import refresh_changed
from segments.models import RULE_LANGUAGE, Segment
from segments.ready_made import READY_MADE
from segments.refresh import refresh_all, refresh_segment
from segments.selectors import display_name, used_by

__all__ = [
    "ChangedMeanwhileError",
    "InUseError",
    "SlugTakenError",
    "delete_segment",
    "ensure_ready_made",
    "free_slug",
    "refresh_all",
    "refresh_changed",
    "refresh_segment",
    "save_segment",
]


#: What people write of a segment; the rest belongs to the refreshes.
_WRITTEN = ("slug", "name", "description", "rule", "rule_language", "version", "ready_made")
#: Who writes a rule or removes a segment holds it.
_LOCK = 0x5345_474D


class SlugTakenError(ValueError):
    """Another segment has the short name."""


class ChangedMeanwhileError(ValueError):
    """The rule that is to be replaced is not the one that was read."""


def save_segment(segment: Segment, *, now: datetime, user: User | None = None, actor: str = "") -> Segment:
    """Store a new or changed segment with its audit entry; a changed rule is a new version.

    Raises RuleError when the rule cannot be used, SlugTakenError when the short name is another's,
    InUseError when it changes while other segments name it, ChangedMeanwhileError when another rule
    was stored since `segment` was read. Sizes, which refreshes write, are left alone.
    """
    segment.slug = segment.slug or free_slug(segment.name)
    with transaction.atomic():
        before = Segment.objects.select_for_update(no_key=True).filter(pk=segment.pk).first()
        _write_alone()
        if segment.kind == Segment.Kind.DYNAMIC:
            compile_rule(segment.rule, as_of=now, slug=segment.slug)
        if Segment.objects.filter(slug=segment.slug).exclude(pk=segment.pk).exists():
            raise SlugTakenError(_("Another segment has the short name “%(slug)s”.") % {"slug": segment.slug})
        if before is None and not segment._state.adding:
            raise ChangedMeanwhileError(_("This segment was removed meanwhile."))
        if before is None:
            segment.created_at = now
            segment.save(force_insert=True)
        else:
            _replace(before, segment)
        audit.record(
            action="segment.changed" if before else "segment.created",
            target=segment,
            now=now,
            user=user,
            actor=actor,
            before={"name": before.name, "rule": before.rule} if before else None,
            after={"name": segment.name, "rule": segment.rule},
        )
    return segment


def _write_alone() -> None:
    """Let one after the other change what segments name, or two that name each other would both pass."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _replace(before: Segment, segment: Segment) -> None:
    if before.version != segment.version:
        raise ChangedMeanwhileError(_("Somebody changed this segment meanwhile. Reload the page to see it."))
    if before.slug != segment.slug and (naming := used_by(before.slug)):
        raise InUseError([display_name(other) for other in naming])
    if before.rule != segment.rule:
        segment.version = before.version + 1
        segment.rule_language = RULE_LANGUAGE
    segment.save(update_fields=_WRITTEN)


def free_slug(name: str) -> str:
    """Return a short name made of a name, with a number where it is taken."""
    stem = slugify(name)[:90] or f"segment-{uuid7().hex[-8:]}"
    taken = set(Segment.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return stem if stem not in taken else next(slug for slug in numbered if slug not in taken)


def ensure_ready_made(*, now: datetime) -> int:
    """Create the ready-made segments whose short name is free. Return how many."""
    rows = [
        Segment(
            slug=made.slug,
            name=made.name,
            description=made.description,
            rule=made.rule,
            ready_made=True,
            created_at=now,
        )
        for made in READY_MADE
    ]
    known = set(Segment.objects.values_list("slug", flat=True))
    return len(
        Segment.objects.bulk_create([row for row in rows if row.slug not in known], ignore_conflicts=True)
    )


class InUseError(ValueError):
    """Something names the segment that is to be removed; `names` say what."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            _("It is used by: %(names)s. Take it out there first.") % {"names": _(", ").join(names)}
        )
        self.names = list(names)


def delete_segment(
    segment: Segment, *, now: datetime, user: User | None = None, actor: str = "", force: bool = False
) -> None:
    """Remove a segment with its history. Raises InUseError while campaigns or other segments use it.

    When it is forced, segments that name it do not hinder: they keep their members, and their refreshes
    say what is missing. Campaigns always do.
    """
    with transaction.atomic():
        held = Segment.objects.select_for_update().get(pk=segment.pk)
        _write_alone()
        if (naming := used_by(held.slug)) and not force:
            raise InUseError([display_name(segment) for segment in naming])
        audit.record(
            action="segment.deleted",
            target=held,
            now=now,
            user=user,
            actor=actor,
            before={"name": held.name, "rule": held.rule, "size": held.size},
        )
        try:
            held.delete()
        except ProtectedError as error:
            raise InUseError(sorted(map(str, error.protected_objects))) from error
