"""`manage.py import_dataset NAME`: load a public data set."""

import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.jobs import JobProgress, create_job, running
from core import clock
from integrations.datasets import DATASETS
from integrations.datasets.complete_journey.files import MissingDataset


class Command(BaseCommand):
    """Load a data set under a Job row, with progress on stderr and one JSON line at the end."""

    help = "Load a public data set. Running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the data set's name and the size of a slice."""
        parser.add_argument("dataset", choices=sorted(DATASETS), help="Which data set.")
        parser.add_argument(
            "--households", type=int, metavar="N", help="Only N customers, always the same ones."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load the data set and print what is in it."""
        name, households = options["dataset"], options["households"]
        if households is not None and households < 1:
            raise CommandError("--households must be at least 1.")
        now, started = clock.now(), time.monotonic()
        job = create_job(
            kind="import", title=f"Import {name}", now=now, parameters={"households": households}
        )
        try:
            with running(job) as progress:
                result = DATASETS[name](now=now, progress=self._told(progress), households=households)
        except MissingDataset as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({**result, "seconds": round(time.monotonic() - started, 1)}))

    def _told(self, progress: JobProgress) -> Any:
        def tell(done: int, total: int | None = None, message: str = "") -> None:
            progress(done, total, message)
            share = f"{100 * done // total:3d} %  " if total else ""
            print(f"{share}{message} …", file=sys.stderr, flush=True)  # noqa: T201

        return tell
