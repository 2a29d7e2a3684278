"""Tell that a backup was made, so that System health can say how old the last one is."""

from typing import Any

from django.core.management import BaseCommand

from core import clock
from core.models import Heartbeat


class Command(BaseCommand):
    help = "Tell that a backup was made just now. Let your backup end with it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the moment."""
        Heartbeat.objects.update_or_create(name="backup", defaults={"at": clock.now()})
        self.stdout.write("Noted: a backup was made just now.")
