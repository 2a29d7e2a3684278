"""What imports keep about people: rows that were not taken, and records as they were before."""

import re
from datetime import datetime

from customers.registries import Person, erasers
from integrations.imports import files
from integrations.models import BUSY, Export, ImportChange, ImportRowError, ImportRun

_BLOCK = 2000


class RowErrors:
    """Rows of files as they came, with what was wrong with them."""

    def erase(self, person: Person, now: datetime) -> int:
        """Blank the rows that hold one of the person's ids or addresses.

        The rows are encrypted, so each is read: 100,000 take about 1 s.
        """
        words = "|".join(re.escape(w) for w in (*person.external_ids, *person.emails, *person.phones))
        named = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
        rows = ImportRowError.objects.values_list("pk", "raw")
        found = [pk for pk, raw in rows.iterator(chunk_size=_BLOCK) if raw and named.search(raw)]
        return ImportRowError.objects.filter(pk__in=found).update(raw="")


class Before:
    """Customers as they were before an import changed them."""

    def erase(self, person: Person, now: datetime) -> int:
        """Delete what the undo of an import would need: it leaves the person alone then."""
        return ImportChange.objects.filter(thing="customer", object_id=person.customer_id).delete()[0]


class Files:
    """Uploads that hold the person, and lists with personal data that were taken out."""

    def erase(self, person: Person, now: datetime) -> int:
        """Remove uploads that made or changed the person, and every written list with personal data."""
        about = ImportChange.objects.filter(thing="customer", object_id=person.customer_id)
        runs = ImportRun.objects.filter(pk__in=about.values("run")).exclude(state__in=BUSY).exclude(file="")
        exports = Export.objects.filter(personal=True, forgotten_at=None).exclude(file="")
        names = [run.file for run in runs] + [export.file for export in exports]
        exports.update(forgotten_at=now)
        for name in names:
            files.remove(name)
        return len(names)


def register() -> None:
    """Say what an erasure does with this app's tables."""
    erasers.add("integrations.files", Files())  # first, while the changes still name the files
    erasers.add("integrations.importrowerror", RowErrors())
    erasers.add("integrations.importchange", Before())
