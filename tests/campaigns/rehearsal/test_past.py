"""The past is what it was: the same code finds what it would have found, and nothing that came later."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.utils import ProgrammingError

from campaigns.rehearsal.past import known_since, lacks_consents, shop_as_of
from campaigns.rehearsal.playing import members_at
from customers.consent import ConsentRow
from customers.models import Channel, Consent, ConsentEvent, Customer
from customers.services import record_consents, upsert_customers
from events.models import Event
from events.services import record
from profiles import calendar
from profiles.building.earlier import COLUMNS
from profiles.models import CustomerProfile
from profiles.services import build_profiles
from segments.refresh import refresh_segment
from segments.selectors import members_query
from tests.campaigns.rehearsal.conftest import NOW, bought, known

THEN = NOW - timedelta(days=60)


def past(at=THEN, **more):
    since = known_since(first=at, last=at)
    return shop_as_of(at, known=since, consents_today=False, **more)


def ids_of(query) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(*query)
        return {row[0] for row in cursor.fetchall()}


def test_facts_end_at_the_moment(people):
    whole = Event.objects.count()
    with past():
        assert Event.objects.filter(occurred_at__gte=THEN).count() == 0
        assert Event.objects.count() == Event.objects.filter(occurred_at__lt=THEN).count() < whole
    assert Event.objects.count() == whole


def test_people_whom_nobody_knew_are_not_there(people):
    later = upsert_customers([{"external_id": "later"}], NOW).ids["later"]
    imported = upsert_customers([{"external_id": "imported"}], NOW).ids["imported"]
    record([bought(imported, THEN - timedelta(days=5))], NOW)
    with past():
        assert known() == {*people, imported}
    assert later in known()


def test_consent_is_that_of_the_day(people):
    withdrew, agreed = people[0], people[1]
    for pk, granted in ((withdrew, False), (agreed, True)):
        row = ConsentRow(
            customer_id=pk, channel=Channel.EMAIL, granted=granted, source="test",
            occurred_at=THEN + timedelta(days=1),
        )  # fmt: skip
        record_consents([row], NOW)
    with past():
        granted = dict(Consent.objects.values_list("customer_id", "granted"))
    assert granted == dict.fromkeys(people[::2], True)
    assert dict(Consent.objects.values_list("customer_id", "granted"))[withdrew] is False


def test_what_is_not_declared_cannot_be_read(people):
    with pytest.raises(ProgrammingError, match="experiments_assignment"), past(), connection.cursor() as c:
        c.execute("SELECT count(*) FROM experiments_assignment")
    assert known() == set(people)  # the connection is as it was


def test_nothing_of_it_stays(people):
    with past(columns=["orders"]):
        Customer.objects.count()
        assert CustomerProfile.objects.count() == len(people)
    assert CustomerProfile.objects.count() == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'v'"
        )
        assert cursor.fetchone() == (0,)
        cursor.execute("SHOW search_path")
        assert "pg_temp" not in cursor.fetchone()[0]


def test_profiles_are_those_of_a_build_on_that_day(people):
    columns = sorted(COLUMNS)
    calendar.refresh(NOW)
    with past(columns=columns):
        found = {row["customer_id"]: row for row in CustomerProfile.objects.values("customer_id", *columns)}
    build_profiles(as_of=THEN, now=NOW)
    built = {row["customer_id"]: row for row in CustomerProfile.objects.values("customer_id", *columns)}
    assert found == built
    assert {row["orders"] for row in built.values()} != {0}


def test_segments_are_those_of_a_refresh_on_that_day(people, loyal, rich):
    then = {}
    for segment, columns in ((loyal, ()), (rich, ("orders", "lifecycle"))):
        with past(columns=columns):
            then[segment.slug] = ids_of(members_at(segment, THEN))
    build_profiles(as_of=THEN, now=NOW)
    for segment in (loyal, rich):
        refresh_segment(segment, as_of=THEN, now=NOW)
        assert then[segment.slug] == ids_of(members_query(segment, as_of=THEN))
        assert 0 < len(then[segment.slug]) < len(people)


def test_says_where_records_of_consent_begin(people):
    since = known_since(first=THEN, last=THEN)
    asked = {"known": since, "channel": "email", "topic": "marketing"}
    assert not lacks_consents(THEN, **asked)
    Consent.objects.update(since=NOW)
    ConsentEvent.objects.update(occurred_at=NOW)
    assert lacks_consents(THEN, **asked)
    with shop_as_of(THEN, known=since, consents_today=True):
        assert Consent.objects.filter(granted=True).count() == len(people) // 2
