"""Whether a connection lives is seen without asking the server, until it has something to say."""

import psycopg2
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_living_connection_is_not_asked(settings):
    connection.ensure_connection()
    with CaptureQueriesContext(connection) as queries:
        assert connection.is_usable()
    assert len(queries) == 0


def test_a_connection_that_the_server_ended_is_found_out():
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    other = psycopg2.connect(connection.connection.dsn, password=connection.settings_dict["PASSWORD"] or None)
    other.autocommit = True
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    assert not connection.is_usable()
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert connection.is_usable()
