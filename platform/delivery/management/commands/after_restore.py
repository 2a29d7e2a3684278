"""Make a restored database safe, or say that it was moved on purpose."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from core import clock
from delivery.outbox import restored


class Command(BaseCommand):
    help = (
        "After restoring a backup: nothing that was waiting goes out by itself; it becomes uncertain, and a "
        "person decides on the run's page. Workers notice most restores by themselves."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--moved",
            action="store_true",
            help="This is the original, moved with nothing lost (an upgrade of PostgreSQL, another server): "
            "what waits may go out. Run it before the workers start.",
        )

    def handle(self, *args: Any, moved: bool, **options: Any) -> None:
        now = clock.now()
        with transaction.atomic():
            messages = 0 if moved else restored.call_all_uncertain()
            restored.settle_here(now=now)
        self.stdout.write(json.dumps({"uncertain": messages, "moved": moved}))
