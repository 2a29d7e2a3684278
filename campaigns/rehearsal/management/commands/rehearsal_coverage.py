"""Check on the shop's own history how often the ranges of rehearsals hold."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.rehearsal.coverage import covered, play_rules
from campaigns.rehearsal.statistics import LEVEL
from catalog.models import Category
from core import clock
from events.models import Event
from segments.models import Segment


class Command(BaseCommand):
    """A long proof: docs/operations.md names it."""

    help = "Say how often the ranges of rehearsals hold, over dates and audiences. Nothing is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the window and the end of the history."""
        parser.add_argument("--days", type=int, default=28, help="the window, and how far dates lie apart")
        parser.add_argument("--until", help="the history goes up to this moment, as 2018-01-01")

    def handle(self, *args: Any, **options: Any) -> None:
        """Play the shop's segments, and the buyers of each top category, then print the shares that held."""
        until = clock.parse_moment(options["until"]) if options["until"] else clock.knowledge_now()
        first = Event.objects.filter(type="purchase").order_by("occurred_at").first()
        if first is None:
            raise CommandError("There are no purchases. Import orders first.")
        segments = Segment.objects.filter(kind=Segment.Kind.DYNAMIC).order_by("slug")
        rules: dict[str, Any] = {segment.slug: segment.rule for segment in segments}
        for path in Category.objects.filter(parent=None).order_by("path").values_list("path", flat=True)[:12]:
            rules[f"buys {path}"] = {
                "event": "purchase", "category": path, "count": {"gte": 3}, "within_days": options["days"],
            }  # fmt: skip
        rules["everybody"] = {"all": []}
        history = play_rules(
            rules, until=until, first=first.occurred_at, days=options["days"],
            progress=lambda done, total=None, message="": self.stderr.write(f"{done}/{total} {message}"),
        )  # fmt: skip
        found = covered(history)
        if found is None:
            raise CommandError("The history is too short: four windows and four weeks before them.")
        self.stdout.write(
            json.dumps(
                {
                    "stated": LEVEL,
                    "compared": found.compared,
                    "buyers": round(found.buyers, 3),
                    "revenue": round(found.revenue, 3),
                    "buyers_width": round(found.buyers_width, 3),
                    "revenue_width": round(found.revenue_width, 3),
                    "days": options["days"],
                }
            )
        )
