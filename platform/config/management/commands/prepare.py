"""Make a checkout ready to serve: translations, assets, static files, tables."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, call_command, get_commands

from core.tables import fewer_collections


class Command(BaseCommand):
    """Run the steps that a new version needs; each of them does nothing the second time."""

    help = "Compile translations, build and collect assets, migrate the database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the options."""
        parser.add_argument("--assets-only", action="store_true", help="leave the database alone")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps in order and say on stderr how long each took."""
        steps: list[tuple[str, str, dict[str, Any]]] = [("translations", "compilemessages", {})]
        if "build_assets" in get_commands():
            steps.append(("assets", "build_assets", {}))
        steps.append(("static files", "collectstatic", {"interactive": False}))
        if not options["assets_only"]:
            steps.append(("tables", "migrate", {"interactive": False}))
        for title, command, arguments in steps:
            started = time.monotonic()
            with fewer_collections():
                call_command(command, verbosity=0, **arguments)
            self.stderr.write(f"  {title} ready in {time.monotonic() - started:.1f} s")
