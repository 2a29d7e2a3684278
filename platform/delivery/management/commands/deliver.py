"""Send without Celery: the twin of the tasks `delivery.tasks.sweep` and `deliver`."""

import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from core import clock
from delivery.models import Run
from delivery.outbox.send import take_turn
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
            self.stdout.write(f"{run_id}: {_send(run_id)} sent")


def _send(run_id: UUID) -> int:
    """Send what is due, at the pace that its rates allow."""
    sent = 0
    while True:
        turn = take_turn(run_id, clock=clock.now, wait=time.sleep)
        sent += turn.sent
        if turn.again_at is None:
            return sent
        time.sleep(max(0.0, (turn.again_at - clock.now()).total_seconds()))
