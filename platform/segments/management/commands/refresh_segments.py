"""`manage.py refresh_segments`: who is in which segment."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock
from segments.services import refresh_all


class Command(BaseCommand):
    """Refresh the segments as of a moment; the last line is JSON."""

    help = "Find out who entered and who left each segment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the moment and the choice of segments."""
        parser.add_argument("--as-of", help="Members at this moment (default: the shop's present).")
        parser.add_argument("--segment", action="append", help="Only this short name; may be repeated.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refresh and print each segment's size. Fails when one of them failed."""
        try:
            as_of = clock.parse_moment(options["as_of"]) if options["as_of"] else clock.knowledge_now()
        except ValueError as error:
            raise CommandError(str(error)) from error
        runs = refresh_all(as_of=as_of, now=clock.now(), slugs=options["segment"], progress=self.report)
        if unknown := set(options["segment"] or ()) - {run.segment.slug for run in runs}:
            raise CommandError(f"No segment by rule is called {', '.join(sorted(unknown))}.")
        failed = [f"{run.segment.slug}: {run.error}" for run in runs if run.error]
        segments = [
            {
                "slug": run.segment.slug,
                "name": run.segment.name,
                "size": run.size,
                "entered": run.entered,
                "left": run.left,
                "ms": run.duration_ms,
            }
            for run in runs
            if not run.error
        ]
        self.stdout.write(json.dumps({"as_of": as_of.isoformat(), "segments": segments}, ensure_ascii=False))
        if failed:
            raise CommandError("; ".join(failed))

    def report(self, done: int, total: int | None = None, message: str = "") -> None:
        """Write progress to stderr."""
        self.stderr.write(f"{done}/{total} {message}".rstrip())
