"""Compile the translations without the system's gettext (Django's own command needs ``msgfmt``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management import BaseCommand, CommandError


class Command(BaseCommand):
    """Write a ``.mo`` file beside each ``.po`` file that is newer."""

    help = "Compile locale/**/*.po, with polib."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Compile what has changed; an entry that is fuzzy or empty is left out and shows in English."""
        for source in sorted(path for folder in settings.LOCALE_PATHS for path in Path(folder).rglob("*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
                continue
            try:
                catalogue = polib.pofile(str(source))
            except OSError as error:
                raise CommandError(f"{source} cannot be read: {error}") from error
            finished = polib.POFile()
            finished.metadata = catalogue.metadata
            finished.extend(catalogue.translated_entries())
            part = target.with_suffix(".mo.part")
            finished.save_as_mofile(str(part))
            part.replace(target)
            if options["verbosity"]:
                self.stderr.write(f"{source}: {len(finished)} of {len(catalogue)} entries")
