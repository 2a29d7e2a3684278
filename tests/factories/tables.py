"""Whole tables as one text each, to say that nothing in them changed."""

from collections.abc import Iterable

from django.apps import apps
from django.db import connection

#: Tables that record what was done or is to be looked at again, and the sign-ins of tests.
RECORDS = {
    "customers.customermerge", "accounts.auditentry", "sessions.session", "admin.logentry",
    "events.changenote", "events.changedcustomer",
}  # fmt: skip


def checksums(*, without: Iterable[str] = RECORDS) -> dict[str, str]:
    """Return a checksum over every row and column of each table, by the model's label."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.label_lower in without or not model._meta.managed:
                continue
            cursor.execute(
                "SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), ''))"
                f" FROM {model._meta.db_table} t"
            )
            found[model._meta.label_lower] = cursor.fetchone()[0]
    return found
