"""Changes of lists as long work: short ones are done at once, long ones by a worker while one watches.

What was pasted and what was not taken may name people, so it lies in private files, not in the job's row:
the lines until the work is done, the faults for some days.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from django.utils.translation import gettext_noop as noop

from accounts import jobs
from accounts.dispatch import start_job
from accounts.jobs import Progress, create_job, kinds
from accounts.models import Job, User
from console.segments.references import Fault, Line
from core.ids import uuid7
from integrations.imports.files import folder, path_of, remove
from segments import lists
from segments.models import Segment

KIND = "list"
WAYS = {"add": lists.add, "remove": lists.remove, "replace": lists.replace}
#: So many lines take about 0.3 s; more are left to a worker.
AT_ONCE = 5_000
#: What was not taken can be looked at for so long.
DAYS = 7
_PREFIX = "list-"


def begin(
    segment: Segment, how: str, lines: Sequence[Line], faults: Sequence[Fault], *, user: User, now: datetime
) -> Job:
    """Store the work, and do it if it is short. The job's result is as `change` says."""
    _forget_old(now)
    parameters = {
        "segment": str(segment.pk),
        "how": how,
        "user": user.pk,
        "lines": _store([asdict(line) for line in lines]),
        "faults": _store([asdict(fault) for fault in faults]),
    }
    if len(lines) > AT_ONCE:
        return start_job(KIND, now=now, user=user, parameters=parameters)
    job = create_job(kind=KIND, title=kinds.get(KIND).title, now=now, user=user, parameters=parameters)
    jobs.run(job)
    job.refresh_from_db()
    return job


def change(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Change a list, wholly or not at all: entered, left, size, the number of faults and their file."""
    segment = Segment.objects.get(pk=parameters["segment"])
    lines = [Line(**line) for line in _read(parameters["lines"])]
    faults = [Fault(Line(**fault["line"]), fault["reason"]) for fault in _read(parameters["faults"])]
    progress(0, len(lines))
    user = User.objects.filter(pk=parameters["user"]).first()
    result = WAYS[parameters["how"]](segment, [line.text for line in lines], now=now, user=user)
    progress(len(lines), len(lines))
    unknown = set(result.pop("unknown"))
    faults += [Fault(line, noop("No customer has it.")) for line in lines if line.text in unknown]
    faults.sort(key=lambda fault: fault.line.number)
    file = _store([asdict(fault) for fault in faults]) if faults else ""
    for name in ("lines", "faults"):
        remove(parameters[name])
    return result | {"taken": len(lines) - len(unknown), "faults": len(faults), "file": file}


def faults_of(job: Job) -> list[Fault] | None:
    """Return the lines that a change did not take; None once their file is gone."""
    name = (job.result or {}).get("file", "")
    if not name:
        return []
    try:
        return [Fault(Line(**fault["line"]), fault["reason"]) for fault in _read(name)]
    except FileNotFoundError:
        return None


def _store(rows: list[dict[str, Any]]) -> str:
    folder()
    name = f"{_PREFIX}{uuid7().hex}.json"
    with os.fdopen(os.open(path_of(name), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
        out.write(orjson.dumps(rows))
    return name


def _read(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = orjson.loads(path_of(name).read_bytes())
    return rows


def _forget_old(now: datetime) -> None:
    oldest = now.timestamp() - DAYS * 86_400
    for path in folder().glob(f"{_PREFIX}*.json"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
