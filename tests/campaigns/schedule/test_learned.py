"""The hour learned for each at a launch: drawn in the stated shares, by people's own clocks."""

import json
from collections import Counter
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from scipy.stats import chisquare

from campaigns.learning.send_hours import DAY, weights
from campaigns.models import Campaign
from campaigns.schedule.learned import at_learned_hours
from campaigns.schedule.learned_figures import people_by_hour
from campaigns.schedule.models import PersonHour
from campaigns.schedule.preflight import schedule_problems
from campaigns.schedule.slots import Slot, first_slot
from customers.models import Customer
from recommendations.models import Posterior

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 5, tzinfo=UTC)  # clocks spring forward that night in Berlin
BERLIN = ZoneInfo("Europe/Berlin")


def people(count, **fields):
    found = Customer.objects.bulk_create(
        Customer(
            external_id=f"p{n}", created_at=NOW, updated_at=NOW, **{"time_zone": "Europe/Berlin"} | fields
        )
        for n in range(count)
    )
    PersonHour.objects.bulk_create(PersonHour(customer=one, hour=18, rate=0.05) for one in found)
    return found


def audience(due=NOW):
    sql = (
        "SELECT id AS customer_id, external_id = 'p0' AS held_out, '{\"variant\": null}'::jsonb AS context,"
        " %s::timestamptz AS due_at FROM customers_customer"
    )
    return sql, [due]


def drawn(query):
    with connection.cursor() as cursor:
        cursor.execute(query[0], query[1])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [row | {"context": json.loads(row["context"])} for row in rows]


def launch(*, slot=None, due=NOW, now=NOW, salt="s"):
    return drawn(at_learned_hours(audience(due), salt=salt, usual=lambda _zone: due, slot=slot, now=now))


def test_shares_chances_and_moments():
    people(4000)
    rows = launch()
    assert len(rows) == 4000
    held = [row for row in rows if row["held_out"]]
    assert [(row["due_at"], "hour" in row["context"]) for row in held] == [(NOW, False)]
    told = [row["context"]["hour"] for row in rows if not row["held_out"]]
    arms = Counter(hour["arm"] for hour in told)
    share = [0.8 * len(told), 0.1 * len(told), 0.1 * len(told)]
    assert chisquare([arms["learned"], arms["usual"], arms["random"]], share).pvalue > 0.001
    tried = Counter(hour["at"] for hour in told if hour["arm"] == "random")
    assert set(tried) <= set(DAY)
    assert chisquare([tried[hour] for hour in DAY]).pvalue > 0.001
    usual = NOW.astimezone(BERLIN).hour  # 06:00
    chances = weights(18, usual)
    for row in rows:
        if not row["held_out"]:
            hour = row["context"]["hour"]
            assert hour["p"] == pytest.approx(chances[hour["at"]], abs=2e-5)
            moment = NOW if hour["arm"] == "usual" else datetime(2026, 3, 28, hour["at"], tzinfo=BERLIN)
            assert row["due_at"] == moment
    assert launch() == rows  # the same launch draws the same
    assert launch(salt="t") != rows


def test_a_slot_keeps_its_day_across_a_change_of_the_clock():
    people(300)
    day = date(2026, 3, 29)
    usual = datetime(2026, 3, 29, 7, tzinfo=UTC)  # nine in summer time
    rows = launch(slot=Slot(day, NOW), due=usual)
    for row in rows:
        hour = row["context"].get("hour")
        if hour and hour["arm"] != "usual":
            assert row["due_at"] == datetime(2026, 3, 29, hour["at"] - 2, tzinfo=UTC)
        else:
            assert row["due_at"] == usual
    assert {
        row["context"]["hour"]["at"] for row in rows if row["context"].get("hour", {}).get("arm") == "usual"
    } == {9}


def test_who_refused_gets_the_usual_time_and_is_in_no_draw():
    people(60, no_profiling=True)
    rows = launch()
    assert {row["due_at"] for row in rows} == {NOW}
    assert all("hour" not in row["context"] for row in rows)
    assert people_by_hour(("SELECT id AS customer_id FROM customers_customer", [])) == {None: 60}


def test_hours_that_are_not_used_are_tried_all_the_same():
    people(2000)
    Posterior.objects.create(subject="send_hours", key="use", parameters={"use": False}, updated_at=NOW)
    told = [row["context"]["hour"] for row in launch() if not row["held_out"]]
    arms = Counter(hour["arm"] for hour in told)
    assert set(arms) == {"usual", "random"}
    assert chisquare([arms["usual"], arms["random"]], [0.9 * len(told), 0.1 * len(told)]).pvalue > 0.001
    assert {round(hour["p"], 3) for hour in told if hour["arm"] == "usual"} == {0.9}


def test_newcomers_get_the_hour_of_all():
    people(200)
    PersonHour.objects.all().delete()
    Posterior.objects.create(subject="send_hours", key="", parameters={"best": {"": 13}}, updated_at=NOW)
    told = [row["context"]["hour"] for row in launch() if not row["held_out"]]
    assert {hour["at"] for hour in told if hour["arm"] == "learned"} == {13}


def test_a_slot_is_launched_before_its_first_hour_comes_anywhere():
    plan = Campaign(timing="at", on_day=date(2026, 4, 1), at_time=time(10), learned_hours=True)
    assert first_slot(plan, now=NOW).at == datetime(2026, 3, 31, 18, tzinfo=UTC)  # eight at UTC+14
    plan.spread_hours = 3
    assert len(schedule_problems(plan, now=NOW)) == 1
    plan.timing, plan.spread_hours = "triggered", 0
    assert any("no learned hours" in found for found in schedule_problems(plan, now=NOW))
