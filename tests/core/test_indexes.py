"""Indexes of our tables: each reference can be followed back, and none repeats the beginning of another."""

import pytest
from django.apps import apps
from django.db import connection, models

from config.embedded.places import ROOT

pytestmark = pytest.mark.django_db

# Of whole tables, by tree, in the order of their columns; what is unique says something besides.
_INDEXES = """
SELECT t.relname, i.relname, x.indkey::smallint[], x.indisunique
  FROM pg_index x
  JOIN pg_class i ON i.oid = x.indexrelid
  JOIN pg_class t ON t.oid = x.indrelid
  JOIN pg_am a ON a.oid = i.relam
  JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'
 WHERE a.amname = 'btree' AND x.indpred IS NULL AND x.indexprs IS NULL AND NOT t.relispartition
   AND NOT EXISTS (SELECT FROM unnest(x.indclass::oid[]) c
                     JOIN pg_opclass o ON o.oid = c AND NOT o.opcdefault)
 ORDER BY 1, 2
"""

#: References that have none, and why.
WITHOUT = {
    # A test's people are written by the million; its few waves are deleted with it, after them.
    "experiments_assignment.wave_id",
}


@pytest.fixture(scope="module")
def indexes(django_db_setup, django_db_blocker):
    found: dict[str, list[tuple[str, list[int], bool]]] = {}
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        for table, name, columns, unique in cursor.fetchall():
            found.setdefault(table, []).append((name, list(columns), unique))
    return found


def ours() -> list[type[models.Model]]:
    """Return the models of our own apps that have a table."""
    folder = str(ROOT)
    configs = [config for config in apps.get_app_configs() if str(config.path).startswith(folder)]
    return [
        model
        for config in configs
        if "/.venv/" not in str(config.path)
        for model in config.get_models()
        if model._meta.managed
    ]


def test_every_reference_begins_an_index(indexes, db):
    """Or else deleting what is referred to reads the whole table, once for each."""
    assert len(ours()) > 60
    missing = []
    with connection.cursor() as cursor:
        for model in ours():
            table = model._meta.db_table
            cursor.execute(
                "SELECT attname, attnum FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0",
                [table],
            )
            numbers = dict(cursor.fetchall())
            begun = {columns[0] for _, columns, _ in indexes.get(table, [])}
            missing += [
                f"{table}.{field.column}"
                for field in model._meta.local_fields
                if isinstance(field, models.ForeignKey) and field.db_constraint
                if numbers[field.column] not in begun
            ]
    assert set(missing) == WITHOUT


def test_no_index_is_the_beginning_of_another(indexes):
    tables = {model._meta.db_table for model in ours()}
    doubled = [
        f"{table}: {name} begins {other}"
        for table in sorted(tables & set(indexes))
        for name, columns, unique in indexes[table]
        for other, wider, _ in indexes[table]
        if name != other and not unique and wider[: len(columns)] == columns
    ]
    assert doubled == []
