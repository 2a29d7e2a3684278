"""Pause runs of which too much came back: the twin of the task `delivery.tasks.guard_runs`."""

from typing import Any

from django.core.management.base import BaseCommand

from core import clock
from delivery.deliverability.guard import guard


class Command(BaseCommand):
    help = "Pause running runs with too many complaints or addresses that do not exist."

    def handle(self, *args: Any, **options: Any) -> None:
        for alarm in guard(now=clock.now()):
            self.stdout.write(f"{alarm.run_id} paused: {alarm.kind}, {alarm.returned} of {alarm.offered}")
