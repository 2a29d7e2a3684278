"""Add the shop's days up anew and find what home suggests: the twin of beat's tasks."""

from typing import Any

from django.core.management import BaseCommand

from campaigns.outcomes.daily import mailings, orders
from console.home.suggestions import services
from core import clock


class Command(BaseCommand):
    help = "Add up orders, messages and campaigns by day, and find what the home page suggests."

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at everybody, at two months of sendings, and at the rules of home."""
        now = clock.now()
        self.stderr.write("Adding up the shop's days …")
        people = orders.build(now=now)
        runs = mailings.follow(now=now, since=mailings.NIGHTLY)
        found = services.refresh(as_of=clock.knowledge_now(), now=now)
        self.stdout.write(f"{people} customers, {runs} sendings, {found} suggestions.")
