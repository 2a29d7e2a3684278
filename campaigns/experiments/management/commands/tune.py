"""`manage.py tune`: let an experiment's last look decide what serves next."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.experiments.analysis import NothingToAnalyseError
from campaigns.experiments.models import Experiment
from campaigns.experiments.tuning import tune
from core import clock
from recommendations.models import Champion


class Command(BaseCommand):
    """Write and apply the tuning decisions of an experiment; the last line is JSON."""

    help = "Make an experiment's winner the champion and move the posterior of the blend."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the experiment and the use it decides."""
        parser.add_argument("experiment", help="The experiment's key.")
        parser.add_argument("--use", default="email:replenish", help="Whose champion is decided.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tune and print."""
        experiment = Experiment.objects.filter(key=options["experiment"]).first()
        if experiment is None:
            known = ", ".join(Experiment.objects.values_list("key", flat=True)) or "none"
            raise CommandError(f"There is no experiment “{options['experiment']}”. Known: {known}.")
        if not Champion.objects.filter(use=options["use"]).exists():
            known = ", ".join(Champion.objects.order_by("use").values_list("use", flat=True)) or "none"
            raise CommandError(f"There is no use “{options['use']}”. Known: {known}.")
        try:
            decisions = tune(experiment, use=options["use"], now=clock.now())
        except NothingToAnalyseError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            json.dumps(
                [
                    {
                        "kind": decision.kind,
                        "use": decision.use,
                        "verdict": decision.verdict,
                        "before": decision.before,
                        "after": decision.after,
                        "changed": decision.changed,
                    }
                    for decision in decisions
                ]
            )
        )
