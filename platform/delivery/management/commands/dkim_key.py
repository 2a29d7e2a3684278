"""Make a key that signs mail, and say what to put into the DNS."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from delivery.channels.email.dkim import Key, generate, pem
from delivery.deliverability.domain import sender_domain


class Command(BaseCommand):
    help = "Make a DKIM key in var/dkim, and print its DNS record and the setting that uses it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--domain", default="", help="The sender's domain (that of SHOP_FROM_EMAIL).")
        parser.add_argument("--selector", default="rapport", help="The key's name in the DNS (rapport).")
        parser.add_argument(
            "--ed25519", action="store_true", help="A short modern key; sign by RSA beside it."
        )

    def handle(self, *args: Any, domain: str, selector: str, ed25519: bool, **options: Any) -> None:
        domain = (domain or sender_domain()).lower()
        path = Path(settings.VAR) / "dkim" / f"{selector}.{domain}.pem"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = generate("ed25519" if ed25519 else "rsa")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise CommandError(f"{path} is there already. Choose another --selector.") from error
        with os.fdopen(handle, "wb") as file:
            file.write(pem(private))
        key = Key(domain, selector, private)
        setting = orjson.dumps([{"domain": domain, "selector": selector, "key": str(path)}]).decode()
        self.stdout.write(f"Put this TXT record into the DNS:\n\n{key.record_name}\n{key.record}\n")
        self.stdout.write(f"Then sign with it, in the environment:\n\nDKIM_KEYS='{setting}'\n")
