"""Taking a list out: what is written where, and that it was."""

from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.test import RequestFactory

from accounts.audit import record
from accounts.dispatch import start_job
from accounts.jobs import Progress
from accounts.models import User
from core.exports import Column, ExportList, csv_chunks, lists
from core.ids import uuid7
from integrations.imports.files import folder, path_of
from integrations.models import Export

PERSONAL = "integrations.export_personal"
#: Longer lists are written by a worker.
AT_ONCE = 20_000
_CHUNK = 2000


def begin(
    user: User, label: str, *, filters: dict[str, Any], now: datetime, rows: int | None = None
) -> Export:
    """Record that somebody takes a list out, with personal data when they may see those."""
    wanted = lists.get(label)
    with transaction.atomic():
        export = Export.objects.create(
            list=wanted.name, filters={"model": label, **filters}, personal=user.has_perm(PERSONAL),
            rows=rows,
            created_by=user, created_at=now,
        )  # fmt: skip
        record(
            action="export", target=export, now=now, user=user,
            after={"list": wanted.name, "personal": export.personal, "rows": rows},
        )  # fmt: skip
    return export


def columns_of(wanted: ExportList, *, personal: bool, only: Collection[str] = ()) -> list[Column]:
    """Return the columns that a person may take out: those named in `only`, or all when it names none."""
    allowed = [column for column in wanted.columns if personal or not column.personal]
    return [column for column in allowed if column.name in only] or allowed


def rows_of(
    wanted: ExportList, chosen: QuerySet[Any], *, personal: bool, only: Collection[str] = ()
) -> Iterator[list[Any]]:
    """Return the header and the rows of a list. Constant memory: rows come through a cursor."""
    columns = columns_of(wanted, personal=personal, only=only)
    yield [column.name for column in columns]
    for entry in wanted.rows(chosen).iterator(chunk_size=_CHUNK):
        yield ["" if (value := column.value(entry)) is None else value for column in columns]


def start_long(export: Export, *, now: datetime) -> None:
    """Let a worker write the file."""
    with transaction.atomic():
        parameters = {"export": str(export.pk)}
        export.job = start_job("export", now=now, user=export.created_by, parameters=parameters)
        export.save(update_fields=["job"])


def write(export: Export, progress: Progress) -> int:
    """Write a long list to a private file and return its rows. The list's filters are applied again."""
    label = export.filters["model"]
    wanted = lists.get(label)
    chosen = _chosen_again(export)
    folder()
    name = f"{uuid7().hex}.csv"
    count = -1  # the header is no row

    def counted() -> Iterator[list[Any]]:
        nonlocal count
        only = export.filters.get("columns", ())
        for row in rows_of(wanted, chosen, personal=export.personal, only=only):
            count += 1
            if count % _CHUNK == 0:
                progress(count)
            yield row

    path: Path = path_of(name)
    path.touch(mode=0o600)
    try:
        with path.open("wb") as out:
            out.writelines(csv_chunks(counted()))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    Export.objects.filter(pk=export.pk).update(file=name, rows=count)
    return count


def _chosen_again(export: Export) -> QuerySet[Any]:
    """Ask the admin's list for what the person had chosen there, with the person's own rights."""
    label, query = export.filters["model"], export.filters.get("query", "")
    model_admin = next(a for m, a in admin.site._registry.items() if m._meta.label_lower == label)
    request = RequestFactory().get(f"/?{query}")
    request.user = export.created_by  # type: ignore[assignment]
    chosen: QuerySet[Any] = model_admin.get_changelist_instance(request).get_queryset(request)
    if ids := export.filters.get("ids"):
        chosen = chosen.filter(pk__in=ids)
    return chosen
