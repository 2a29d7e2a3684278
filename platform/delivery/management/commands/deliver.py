"""Send without Celery: the twin of the tasks `delivery.tasks.sweep` and `deliver`."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from core import clock
from delivery.models import Run
from delivery.outbox.send import deliver
from delivery.outbox.sweep import sweep


class Command(BaseCommand):
    help = "Send what is due: of one run, or of all running runs after a sweep."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "run", nargs="?", type=UUID, help="The run's id; without it, all that want a worker."
        )

    def handle(self, *args: Any, run: UUID | None, **options: Any) -> None:
        if run is not None and not Run.objects.filter(pk=run).exists():
            raise CommandError(f"There is no run {run}. See Campaigns › Runs in the admin for the ids.")
        for run_id in [run] if run else sweep(now=clock.now()).runs_to_wake:
            sent = deliver(run_id, clock=clock.now)
            self.stdout.write(f"{run_id}: {sent} sent")
