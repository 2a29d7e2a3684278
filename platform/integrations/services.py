"""Imports from the upload to the undo, and the record of data sets that were loaded."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import ApiKey, Job, User
from core import clock
from integrations.imports import files
from integrations.imports.engine import table_of
from integrations.imports.errors import BadFile
from integrations.imports.mapping import Guess, checked, checked_options, guess, kind_of
from integrations.imports.reading import Table
from integrations.imports.shops import export_of
from integrations.models import (
    BUSY,
    Export,
    ImportChange,
    ImportRowError,
    ImportRun,
    ImportState,
    SavedMapping,
)

#: Choices about reading the file that change what its columns are.
_RESHAPING = ("encoding", "delimiter")


class WrongState(Exception):
    """The import is not in a state for this; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts: a person, or a partner's key."""

    user: User | None = None
    key: ApiKey | None = None

    @property
    def name(self) -> str:
        """Return the name for the audit log."""
        if self.key is not None:
            return f"API key {self.key.name}"
        return self.user.get_username() if self.user else "system"


@dataclass(slots=True)
class Counts:
    """What became of the rows of an import."""

    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


@contextmanager
def import_run(
    *, dataset: str, kind: str, source: str, now: datetime, job: Job | None = None
) -> Iterator[Counts]:
    """Record the loading of a data set: the caller fills the counts, stored when it ends well."""
    run = ImportRun.objects.create(dataset=dataset, kind=kind, source=source, job=job, started_at=now)
    counts = Counts()
    yield counts
    run.rows, run.accepted = counts.rows, counts.accepted
    run.duplicates, run.rejected = counts.duplicates, counts.rejected
    run.finished_at = clock.now()
    run.state = ImportState.DONE
    run.save()


def upload(
    content: IO[bytes] | Iterable[bytes], *, name: str, kind: str, source: str, now: datetime, who: Who
) -> ImportRun:
    """Store a file and propose what its columns mean. Raises BadFile with what to do instead.

    Without a kind it is told from the columns: a shop's export, or else what most of them fit.
    """
    stored, size, shape = files.keep(content)
    try:
        table = Table(files.path_of(stored), shape)
        export = export_of(table.columns, kind)
        kind = kind or (export.kind if export else kind_of(table.columns))
        source = source or (export.shop if export else "file")
        proposed = guess(table, kind, source)
        if not table.sample(1) and next(iter(table.rows()), None) is None:
            raise BadFile(_("The file has a header and no rows."))
        with transaction.atomic():
            run = ImportRun.objects.create(
                dataset=_shown(name) or f"{source} {kind}", kind=kind, source=source,
                state=ImportState.UPLOADED, file=stored,
                size=size,
                shape=shape.as_json(), columns=table.columns, mapping=proposed.mapping,
                options=proposed.options, language=get_language() or "en", started_by=who.user,
                api_key=who.key, started_at=now,
            )  # fmt: skip
            _audit("import.upload", run, now, who, after={"kind": kind, "source": source, "size": size})
        return run
    except BaseException:
        files.remove(stored)
        raise


def _shown(name: str) -> str:
    plain = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    return plain.encode("utf-8", "replace").decode()[:200]


def remove_file(run: ImportRun) -> None:
    """Remove the file of an upload whose row was taken back."""
    files.remove(run.file)


def propose(run: ImportRun) -> Guess:
    """Return what the import's columns seem to mean, for its kind and source as they are now."""
    return guess(table_of(run), run.kind, run.source)


def map_columns(
    run: ImportRun,
    *,
    mapping: Mapping[str, Any],
    options: Mapping[str, Any],
    now: datetime,
    kind: str = "",
    source: str = "",
    remember: bool = True,
) -> ImportRun:
    """Say what the columns mean, and remember it for the source. Raises BadMapping or WrongState.

    Another encoding or delimiter changes the columns: then they are read anew first (see `reread`).
    """
    if any(options.get(n) and options[n] != _as_read(run, n) for n in _RESHAPING):
        reread(run, options=options, kind=kind or run.kind)
    kind, source = kind or run.kind, source or run.source
    kind, source = kind or run.kind, source or run.source
    tidy, said = checked(run.columns, kind, mapping, options)
    with transaction.atomic():
        _move(
            run, (ImportState.UPLOADED, ImportState.CHECKED), ImportState.UPLOADED,
            kind=kind, source=source, mapping=tidy, options={**_reshapes(run), **said}, report=None,
        )  # fmt: skip
        if remember:
            SavedMapping.objects.update_or_create(
                source=source, kind=kind, defaults={"mapping": tidy, "options": said, "updated_at": now}
            )
    return run


def _as_read(run: ImportRun, name: str) -> str:
    return str(run.options.get(name) or run.shape.get(name, ""))


def _reshapes(run: ImportRun) -> dict[str, str]:
    return {n: run.options[n] for n in _RESHAPING if run.options.get(n)}


def reread(run: ImportRun, *, options: Mapping[str, Any], kind: str) -> ImportRun:
    """Read the columns anew in another encoding, by another delimiter or as another kind, and guess again.

    Raises BadFile or BadMapping when that is not possible, and changes nothing then.
    """
    said = checked_options({n: options[n] for n in _RESHAPING if options.get(n)})
    chosen = {**_reshapes(run), **{n: v for n, v in said.items() if v != run.shape.get(n)}}
    run.options = chosen
    table = table_of(run)
    proposed = guess(table, kind, run.source)
    _move(
        run, (ImportState.UPLOADED, ImportState.CHECKED), ImportState.UPLOADED, kind=kind,
        columns=table.columns, mapping=proposed.mapping, options={**proposed.options, **chosen}, report=None,
    )  # fmt: skip
    return run


def reopen(run: ImportRun) -> None:
    """Go back to the mapping of an import that was only checked. Raises WrongState."""
    _move(run, (ImportState.CHECKED, ImportState.UPLOADED), ImportState.UPLOADED, report=None)


def begin(run: ImportRun, verb: str, *, now: datetime, who: Who) -> ImportRun:
    """Move an import to where a worker may check, run or undo it. Raises WrongState or BadMapping."""
    sources, target = _BEGINNINGS[verb]
    checked(run.columns, run.kind, run.mapping, {})
    with transaction.atomic():
        extra: dict[str, Any] = {"error": ""}
        if verb == "undo":
            if not run.may_undo:
                raise WrongState(_("There is nothing to take back."))
            extra["left_alone"] = None
        _move(run, sources, target, **extra)
        _audit(f"import.{verb}", run, now, who, after={"rows": run.rows, "state": target})
    return run


_BEGINNINGS: dict[str, tuple[tuple[str, ...], str]] = {
    "check": ((ImportState.UPLOADED, ImportState.CHECKED), ImportState.CHECKING),
    "run": (
        (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED, ImportState.CANCELLED),
        ImportState.RUNNING,
    ),
    "undo": ((ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED), ImportState.UNDOING),
}


def cancel(run: ImportRun, *, now: datetime, who: Who) -> None:
    """Ask the worker to stop after its block; what is stored stays and can be undone. Raises WrongState."""
    if run.state not in BUSY or run.job_id is None:
        raise WrongState(_("Nothing is running that could be stopped."))
    Job.objects.filter(pk=run.job_id).update(cancel_requested=True)
    _audit("import.cancel", run, now, who)


def _move(run: ImportRun, sources: tuple[str, ...], target: str, **values: Any) -> None:
    """Change an import's state by one conditional update. Raises WrongState."""
    if not ImportRun.objects.filter(pk=run.pk, state__in=sources).update(state=target, **values):
        run.refresh_from_db()
        raise WrongState(
            _("The import is %(state)s, so this cannot be done now.") % {"state": run.get_state_display()}
        )
    run.refresh_from_db()


def forget_files(now: datetime, *, days: int) -> int:
    """Remove the files of old imports and exports, bad rows and what undoing needs. Return how many.

    What they stored stays. Uploads that were never run go as well.
    """
    old = (
        ImportRun.objects.filter(started_at__lt=now - timedelta(days=days), forgotten_at=None)
        .exclude(state__in=BUSY)
        .exclude(file="")
    )
    count = 0
    for run in old.order_by("pk"):
        files.remove(run.file)
        with transaction.atomic():
            ImportChange.objects.filter(run=run).delete()
            ImportRowError.objects.filter(run=run).update(raw="")
            ImportRun.objects.filter(pk=run.pk).update(forgotten_at=now)
        count += 1
    written = Export.objects.filter(created_at__lt=now - timedelta(days=days), forgotten_at=None)
    for export in written.exclude(file=""):
        files.remove(export.file)
        count += Export.objects.filter(pk=export.pk).update(forgotten_at=now)
    return count


def _audit(action: str, run: ImportRun, now: datetime, who: Who, after: dict[str, Any] | None = None) -> None:
    record(action=action, target=run, now=now, user=who.user, actor=who.name, after=after)
