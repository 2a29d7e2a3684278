"""`manage.py analyse`: look at an experiment."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.experiments.analysis import NothingToAnalyseError, replay
from campaigns.experiments.live.deciding import look_and_decide
from campaigns.experiments.models import Experiment, Snapshot
from core import clock
from recommendations.models import Objective


class Command(BaseCommand):
    """Look at a live test and do what its rules say, or analyse a replay; the last line is JSON."""

    help = "Look at an experiment: difference, interval, verdict, hold-out check."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the experiment and the list that is scored."""
        parser.add_argument("experiment", help="The experiment's key.")
        parser.add_argument("--objective", choices=Objective.values, default=Objective.REPLENISH)
        parser.add_argument("--length", type=int, default=6, help="Products of the list that were shown.")
        parser.add_argument("--as-of", help="The moment of the lists (default: the experiment's start).")

    def handle(self, *args: Any, **options: Any) -> None:
        """Analyse and print."""
        experiment = Experiment.objects.filter(key=options["experiment"]).first()
        if experiment is None:
            known = ", ".join(Experiment.objects.values_list("key", flat=True)) or "none"
            raise CommandError(f"There is no experiment “{options['experiment']}”. Known: {known}.")
        if options["length"] < 1:
            raise CommandError("--length must be at least 1.")
        try:
            as_of = clock.parse_moment(options["as_of"]) if options["as_of"] else experiment.starts_at
        except ValueError as error:
            raise CommandError(str(error)) from error
        if experiment.kind == Experiment.Kind.LIVE:
            live = look_and_decide(experiment, now=clock.now(), actor="manage.py analyse")
            if live is None:
                raise CommandError(f"Nobody met “{experiment.key}” yet. Launch its campaign first.")
            self._say(experiment, live)
            return
        if as_of is None:
            raise CommandError(f"“{experiment.key}” has not started. Launch its campaign first.")
        try:
            look = replay(
                experiment,
                objective=options["objective"],
                length=options["length"],
                as_of=as_of,
                now=clock.now(),
            )
        except NothingToAnalyseError as error:
            raise CommandError(str(error)) from error
        self._say(experiment, look)

    def _say(self, experiment: Experiment, look: Snapshot) -> None:
        self.stdout.write(json.dumps({"experiment": experiment.key, "look": look.look, **look.results}))
