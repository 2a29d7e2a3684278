"""Imports as a person makes them, with the worker's part done here."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from accounts import jobs
from accounts.models import User
from integrations import dispatch, services
from integrations.models import ImportRun

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def uploaded(content: bytes | str, *, name: str = "file.csv", kind: str = "", source: str = "") -> ImportRun:
    """Upload a file."""
    data = content.encode() if isinstance(content, str) else content
    who = services.Who(User.objects.first())
    return services.upload(io.BytesIO(data), name=name, kind=kind, source=source, now=NOW, who=who)


def worked(run: ImportRun, verb: str) -> ImportRun:
    """Start a step and do the worker's part of it."""
    job = dispatch.start(run, verb, now=NOW, who=services.Who(User.objects.first()))
    jobs.run(job)
    run.refresh_from_db()
    return run


def imported(
    content: bytes | str,
    *,
    kind: str,
    mapping: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    **members: Any,
) -> ImportRun:
    """Upload, map as guessed unless told otherwise, and run."""
    run = uploaded(content, kind=kind, **members)
    services.map_columns(
        run,
        mapping=run.mapping if mapping is None else mapping,
        options=run.options | dict(options or {}),
        now=NOW,
    )
    return worked(run, "run")


def checked_only(content: bytes | str, **members: Any) -> ImportRun:
    """Upload, map as guessed, and only look what an import would do."""
    run = uploaded(content, **members)
    services.map_columns(run, mapping=run.mapping, options=run.options, now=NOW)
    return worked(run, "check")
