"""`manage.py demo`: the whole loop on real data, then the running product."""

import json
import os
import signal
import sys
import time
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from console.demo import demand, night, steps, story, workers
from console.demo.access import demo_file, ensure_access
from console.demo.summary import summarise
from core import clock
from core.tables import ensure_tables
from recommendations.strategies import ensure_strategies, use_key

ROOT = Path(__file__).resolve().parents[4]


class Command(BaseCommand):
    """Tell the story of console.demo.story; a second time finds everything done and doubles nothing."""

    help = "Import Complete Journey, learn from it, send, measure, tune; then serve the product."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add how much of the data to take and whether to serve."""
        parser.add_argument("--no-serve", action="store_true", help="Do everything but serving.")
        parser.add_argument("--households", type=int, help="Only so many households (for a quick look).")
        parser.add_argument("--port", type=int, default=8000, help="Of the web server; the next free one.")
        parser.add_argument("--since", type=float, help="Epoch seconds from which total_seconds counts.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps; the last line on stdout is the summary."""
        if options["households"] is not None and options["households"] < 1:
            raise CommandError("--households must be at least 1.")
        if not 1 <= options["port"] <= 65_535:
            raise CommandError("--port must be between 1 and 65535.")
        # SIGTERM ends the demo as Ctrl-C does: what it started is stopped.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._tell(options)
        except KeyboardInterrupt:
            self.say("Stopped. What is done stays; the same command goes on from there.")
            sys.exit(130)

    def _tell(self, options: dict[str, Any]) -> None:
        now = clock.now()
        started = options["since"] or now.timestamp()
        ensure_tables()
        user, access = ensure_access(now)
        if not settings.IS_DEMO:
            # The settings take the shop's name and day from the file that was just written.
            os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606
        ensure_strategies(now)
        with workers.running(Path(settings.VAR) / "log" / "demo.log", self.say):
            self.say("1/8 Importing Complete Journey …")
            import_started = time.monotonic()
            since = steps.import_data(self.say, user, options["households"])
            import_seconds = time.monotonic() - import_started
            with demand.forecasting(since) as forecast:
                clusters, training = self._live(user, since, now)
                forecast.wait(self.say)
        call_command("add_up", stdout=self.stderr, stderr=self.stderr)
        result = summarise(
            import_seconds=import_seconds, clusters=clusters, training=training, now=clock.now()
        )
        result["total_seconds"] = round(clock.now().timestamp() - started, 1)
        self.stdout.write(json.dumps(result))
        self.stdout.flush()
        if not options["no_serve"]:
            self._serve(access, options["port"])

    def _live(self, user: User, since: datetime, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
        """Go through November and the night after it; return what clustering and training found."""
        self.say("2/8 Profiles and personas …")
        steps.learn("profile", self.say, user, since)
        clusters = steps.learn("cluster", self.say, user, since)
        self.say("3/8 Segments …")
        steps.learn("segments", self.say, user, since)
        self.say("4/8 Training the recommenders …")
        training = steps.train(self.say, user, since)
        self.say("5/8 Campaigns …")
        pools = steps.prepare_offers(user, now)
        campaigns = steps.prepare_campaigns(user, pools[0], now)
        steps.rehearse_mail(campaigns, self.say, user)
        for campaign in campaigns:
            steps.launch(campaign, user)
        steps.wait_for_delivery(campaigns, self.say)
        self.say("6/8 What the households then bought (offline, replay: nobody was treated) …")
        steps.run_job(
            "analyse",
            self.say,
            user,
            experiment=story.EXPERIMENT,
            objective=story.OBJECTIVE,
            length=steps.products_shown(campaigns),
            as_of=story.LAUNCH.isoformat(),
        )
        self.say("7/8 Tuning …")
        steps.run_job(
            "tune", self.say, user, experiment=story.EXPERIMENT, use=use_key("email", story.OBJECTIVE)
        )
        self.say("8/8 The night after the window: profiles, scores, segments, quality, a plan …")
        night.live_a_night(self.say, user, since, pools)
        return clusters, training

    def say(self, line: str) -> None:
        """Tell the person who waits."""
        self.stderr.write(line)
        self.stderr.flush()

    def _serve(self, access: dict[str, Any], port: int) -> None:
        self.say("")
        self.say(f"Sign in as {access['username']} with the password {access['password']}")
        self.say(f"(also in {demo_file()}).")
        self.say("Look first at: Campaigns → Your favourites this November → Report; then Experiments,")
        self.say("Recommendations and Mailbox. Then shop as one of the households under /demo-shop/.")
        sys.stdout.flush()
        manage = str(ROOT / "manage.py")
        os.execv(sys.executable, [sys.executable, manage, "up", "--port", str(port)])  # noqa: S606
