"""`manage.py train`: train the strategies and print their figures."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock
from recommendations.services.training import NothingToLearnError, UnknownStrategyError, train_models


class Command(BaseCommand):
    """Train recommenders on the purchases before a moment; the last line is JSON."""

    help = "Train the recommendation strategies, measure them and keep their lists ready."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the moment and the choice of strategies."""
        parser.add_argument(
            "--as-of", help="Learn from facts before this moment (default: the shop's present)."
        )
        parser.add_argument(
            "--strategy", action="append", dest="keys", help="Only this one; may be repeated."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Train and print."""
        try:
            as_of = clock.parse_moment(options["as_of"]) if options["as_of"] else clock.knowledge_now()
        except ValueError as error:
            raise CommandError(str(error)) from error
        try:
            report = train_models(
                as_of=as_of, now=clock.now(), keys=options["keys"], say=lambda line: self.stderr.write(line)
            )
        except (NothingToLearnError, UnknownStrategyError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            json.dumps(
                {
                    "as_of": as_of.isoformat(),
                    "evaluated_at": report.evaluated_at.isoformat(),
                    "models": report.figures,
                }
            )
        )
