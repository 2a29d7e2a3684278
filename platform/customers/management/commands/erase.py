"""Forget people, and forget them again after a restore."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core import clock
from customers.erasure import erase, erase_again, request_erasure
from customers.selectors import by_external_id


class Command(BaseCommand):
    """Erase customers by their id, or with --again everybody who was erased before."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take ids of customers, or --again."""
        parser.add_argument("customer", nargs="*", help="The partner's ids of the customers.")
        parser.add_argument(
            "--again", action="store_true", help="Replay all erasures: run it after restoring a backup."
        )
        parser.add_argument(
            "--journal",
            type=Path,
            default=settings.ERASURE_JOURNAL,
            help="The file beside the database in which erasures are noted.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase, and say how many rows."""
        if not (options["customer"] or options["again"]):
            raise CommandError("Name customers by their id, or use --again after a restore.")
        if options["again"]:
            requests, back = erase_again(options["journal"], now=clock.now())
            self.stdout.write(f"{requests} erasures replayed; {back} people had come back.")
        for name in options["customer"]:
            customer = by_external_id(name)
            if customer is None:
                raise CommandError(f"There is no customer “{name}”.")
            done = erase(request_erasure(customer, now=clock.now(), actor="command line").pk, now=clock.now())
            self.stdout.write(f"{name}: {sum(done.rows.values())} rows erased ({done.pk}).")
