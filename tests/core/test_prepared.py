"""Statements planned once a connection."""

import pytest
from django.db import connection, transaction

from core.prepared import Prepared

TWICE = Prepared("test_twice", ("int", "text"), "SELECT $1 * 2, $2 || '%', $1 FROM generate_series(1, $1)")


def known() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = 'test_twice'")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db
def test_it_is_prepared_once_and_gives_the_rows_of_each_call():
    assert TWICE.rows([2, "a"]) == [(4, "a%", 2), (4, "a%", 2)]
    assert TWICE.rows([1, "b"]) == [(2, "b%", 1)]
    assert TWICE.rows([0, "b"]) == []
    assert known() == 1


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_and_a_transaction_that_is_rolled_back_lose_nothing():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert TWICE.rows([1, "a"]) == [(2, "a%", 1)]
        raise ZeroDivisionError
    assert TWICE.rows([1, "c"]) == [(2, "c%", 1)]
    connection.close()
    assert TWICE.rows([1, "d"]) == [(2, "d%", 1)]


@pytest.mark.django_db
def test_behind_a_pooler_nothing_is_left_on_the_connection(monkeypatch):
    before = known()
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    once = Prepared("test_once", TWICE.types, TWICE.sql)
    assert once.rows([2, "a"]) == [(4, "a%", 2), (4, "a%", 2)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = 'test_once'")
        assert cursor.fetchone() == (0,)
    assert known() == before
