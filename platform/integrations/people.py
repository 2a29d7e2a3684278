"""What imports keep about people: rows that were not taken."""

import re
from datetime import datetime

from django.db import connection

from customers.registries import Person, erasers


class RowErrors:
    """Rows of files as they came, with what was wrong with them."""

    def erase(self, person: Person, now: datetime) -> int:
        """Blank the rows that hold one of the person's ids or addresses. One scan of the errors."""
        words = [re.escape(word) for word in (*person.external_ids, *person.emails, *person.phones)]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE integrations_importrowerror SET raw = '' WHERE EXISTS (SELECT FROM unnest(%s::text[])"
                " word WHERE raw ~* ('(^|[^[:alnum:]])' || word || '($|[^[:alnum:]])'))",
                [words],
            )
            return int(cursor.rowcount)


def register() -> None:
    """Say what an erasure does with this app's tables."""
    erasers.add("integrations.importrowerror", RowErrors())
