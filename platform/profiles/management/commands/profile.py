"""`manage.py profile`: build every customer's profile."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock
from profiles.services import build_profiles


class Command(BaseCommand):
    """Build the profiles from the facts before a moment; the last line is JSON."""

    help = "Build every customer's profile from what happened."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the moment."""
        parser.add_argument("--as-of", help="Facts before this moment (default: the shop's present).")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build and print how many."""
        try:
            as_of = clock.parse_moment(options["as_of"]) if options["as_of"] else clock.knowledge_now()
        except ValueError as error:
            raise CommandError(str(error)) from error
        started = time.monotonic()
        profiles = build_profiles(as_of=as_of, now=clock.now(), progress=self.report)
        seconds = round(time.monotonic() - started, 2)
        self.stdout.write(json.dumps({"as_of": as_of.isoformat(), "profiles": profiles, "seconds": seconds}))

    def report(self, done: int, total: int | None = None, message: str = "") -> None:
        """Write progress to stderr."""
        self.stderr.write(f"{done}/{total} {message}".rstrip())
