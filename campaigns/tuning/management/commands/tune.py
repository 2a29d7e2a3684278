"""`manage.py tune`: let measurements decide, all of them or one experiment's last look."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from campaigns.experiments.analysis import NothingToAnalyseError
from campaigns.experiments.models import Experiment
from campaigns.experiments.tuning import tune
from campaigns.tuning.steps import tune_all
from core import clock
from recommendations.models import Champion, TuningDecision
from recommendations.services.tuning import kinds


class Command(BaseCommand):
    """Propose and apply what was measured, as the shop's policies say; the last line is JSON."""

    help = (
        "Tune by what was measured: all steps of a night, or one experiment's last look."
        " Kinds that the shop wants to approve wait for a person."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the experiment and the use it decides, or which kinds."""
        parser.add_argument("experiment", nargs="?", help="An experiment's key; without, all steps.")
        parser.add_argument("--use", default="email:replenish", help="Whose champion an experiment decides.")
        parser.add_argument(
            "--kind", action="append", default=[], help="Only steps of this kind; repeatable."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Show what would be decided; store nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Tune and print."""
        now, dry_run = clock.now(), options["dry_run"]
        if options["experiment"]:
            self._print(self._by_experiment(options["experiment"], options["use"], now, dry_run))
            return
        known = [key for key, _ in kinds]
        if unknown := sorted(set(options["kind"]) - set(known)):
            raise CommandError(f"There is no kind “{unknown[0]}”. Known: {', '.join(known)}.")
        tuned = tune_all(now=now, kinds=options["kind"], dry_run=dry_run)
        self._print(tuned.decisions)
        if tuned.failed:
            raise CommandError(f"Failed, see the log: {', '.join(tuned.failed)}.")

    def _by_experiment(self, key: str, use: str, now: datetime, dry_run: bool) -> list[TuningDecision]:
        experiment = Experiment.objects.filter(key=key).first()
        if experiment is None:
            known = ", ".join(Experiment.objects.values_list("key", flat=True)) or "none"
            raise CommandError(f"There is no experiment “{key}”. Known: {known}.")
        if not Champion.objects.filter(use=use).exists():
            known = ", ".join(Champion.objects.order_by("use").values_list("use", flat=True)) or "none"
            raise CommandError(f"There is no use “{use}”. Known: {known}.")
        try:
            with transaction.atomic():
                decisions = tune(experiment, use=use, now=now)
                if dry_run:
                    transaction.set_rollback(True)
        except NothingToAnalyseError as error:
            raise CommandError(str(error)) from error
        return decisions

    def _print(self, decisions: Iterable[TuningDecision]) -> None:
        lines = [
            {
                "kind": decision.kind,
                "use": decision.use,
                "state": decision.state,
                "verdict": decision.verdict,
                "expected": decision.expected,
                "before": decision.before,
                "after": decision.after,
                "changed": decision.changed,
            }
            for decision in decisions
        ]
        self.stdout.write(json.dumps(lines))
