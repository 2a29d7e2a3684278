"""`manage.py review_lists`: add up what lists did by week, and find what they never show."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from core import clock
from recommendations.quality.services import forget_decisions, look_back


class Command(BaseCommand):
    """Look back and forget answers that are too old; the last line is JSON."""

    help = "Add up what lists did week by week, find products they never show, forget old answers."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the nightly task does."""
        now = clock.now()
        found = look_back(as_of=clock.known_until(now), now=now)
        self.stdout.write(json.dumps({**found, "forgotten": forget_decisions(now=now)}))
