"""`manage.py cluster`: find the personas."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock
from profiles.services import TooFewCustomersError, cluster_customers


class Command(BaseCommand):
    """Group the profiles into personas; the last line is JSON."""

    help = "Find groups of customers who buy alike."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the moment and the seed."""
        parser.add_argument("--as-of", help="Use profiles up to this moment (default: the shop's present).")
        parser.add_argument("--seed", type=int, default=0, help="The same seed gives the same personas.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Group and print what was found."""
        started = time.monotonic()
        try:
            as_of = clock.parse_moment(options["as_of"]) if options["as_of"] else clock.knowledge_now()
            found = cluster_customers(
                as_of=as_of, now=clock.now(), seed=options["seed"], progress=self.report
            )
        except (ValueError, TooFewCustomersError) as error:
            raise CommandError(str(error)) from error
        personas = found.personas.filter(size__gt=0)
        self.stdout.write(
            json.dumps(
                {
                    "as_of": as_of.isoformat(),
                    "k": found.k,
                    "silhouette": round(found.silhouette, 4),
                    "stability": round(found.stability, 4),
                    "sizes": [persona.size for persona in personas],
                    "personas": [{"number": p.number, "name": p.name, "size": p.size} for p in personas],
                    "seconds": round(time.monotonic() - started, 2),
                },
                ensure_ascii=False,
            )
        )

    def report(self, done: int, total: int | None = None, message: str = "") -> None:
        """Write progress to stderr."""
        self.stderr.write(f"{done}/{total} {message}".rstrip())
