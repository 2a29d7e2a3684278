"""`manage.py forecast_demand`: forecast what each product will sell in the next four weeks."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock
from recommendations.demand.services import forecast_demand


class Command(BaseCommand):
    """Forecast the demand as of a moment; the last line is JSON."""

    help = "Forecast the demand for every product in the next four weeks, with its range."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the moment."""
        parser.add_argument(
            "--unjudged",
            action="store_true",
            help="Do not find out how good it would have been: half the time.",
        )
        parser.add_argument("--as-of", help="From sales before this moment (default: the shop's present).")

    def handle(self, *args: Any, **options: Any) -> None:
        """Forecast and print how good that would have been four weeks ago."""
        try:
            as_of = clock.parse_moment(options["as_of"]) if options["as_of"] else clock.knowledge_now()
            run = forecast_demand(as_of=as_of, now=clock.now(), judged=not options["unjudged"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            json.dumps(
                {
                    "as_of": as_of.isoformat(),
                    "method": run.method,
                    "products": run.products,
                    "quality": run.quality,
                }
            )
        )
