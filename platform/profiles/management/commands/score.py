"""`manage.py score`: train the scores and give them to every customer."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock
from profiles.scores.services import score_customers


class Command(BaseCommand):
    """Train and score; the last line is JSON."""

    help = "Score customers: churn, purchase, redemption, click, lifetime value."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the moment and the seed."""
        parser.add_argument("--as-of", help="Facts before this moment (default: the shop's present).")
        parser.add_argument("--seed", type=int, default=0, help="The same seed gives the same scores.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Score and print how many customers have each, or what is missing."""
        try:
            as_of = clock.parse_moment(options["as_of"]) if options["as_of"] else clock.knowledge_now()
        except ValueError as error:
            raise CommandError(str(error)) from error
        started = time.monotonic()
        versions = score_customers(
            as_of=as_of,
            now=clock.now(),
            seed=options["seed"],
            progress=self.report,
            any_moment=not options["as_of"],
        )
        scores = {
            version.kind: {"customers": version.customers, "model": version.model}
            if version.known
            else {"unknown": version.card}
            for version in versions
        }
        seconds = round(time.monotonic() - started, 2)
        self.stdout.write(json.dumps({"as_of": as_of.isoformat(), "scores": scores, "seconds": seconds}))

    def report(self, done: int, total: int | None = None, message: str = "") -> None:
        """Write progress to stderr."""
        self.stderr.write(f"{done}/{total} {message}".rstrip())
