"""What is killed goes on with exactly the next row; what is undone is as it was, bit by bit."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from accounts import jobs
from accounts.models import Job
from catalog.models import Product
from core import clock
from customers.models import Consent, Customer, Suppression
from customers.services import ConsentRow, record_consents, upsert_customers
from events.models import Event, EventKey
from events.services import ingest
from integrations import dispatch, services
from integrations.dispatch import take_up_silent
from integrations.imports import engine
from integrations.imports.kinds import KINDS
from integrations.models import ImportChange, ImportState
from tests.factories.imports import NOW, imported, uploaded, worked
from tests.factories.shop_files import SHOPIFY_ORDERS
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
TABLES = (
    "customers_customer", "customers_identifier", "catalog_product", "catalog_pricechange",
    "catalog_stockchange", "events_event", "events_eventkey", "customers_suppression",
    "events_quarantinedevent",
)  # fmt: skip


def checksums() -> dict[str, str]:
    """Return a checksum of every row of the tables that imports write."""
    with connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"
            )
            found[table] = cursor.fetchone()[0]
        return found


def people(count: int) -> str:
    rows = "".join(f"p{n},p{n}@x.example,Name {n},yes\n" for n in range(count))
    return "customer_id,email,first_name,accepts_marketing\n" + rows


@pytest.mark.django_db(transaction=True)
def test_a_killed_import_goes_on_with_exactly_the_next_row(files):
    content = people(400).replace("p7@x.example", "bad").replace("p300@x.example", "p2@x.example")
    run = uploaded(content, kind="customers")
    services.map_columns(run, mapping=run.mapping, options=run.options, now=NOW)
    job = dispatch.start(run, "run", now=NOW, who=services.Who())
    environment = {
        **os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
    }  # fmt: skip
    command = [
        sys.executable, str(ROOT / "tests/integrations/import_worker.py"),
        connection.settings_dict["NAME"], str(files), str(job.pk),
    ]  # fmt: skip
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, bufsize=1, **pipes) as first:
        for number in range(3):
            assert first.stdout.readline().strip() == "block"
            if number < 2:
                first.stdin.write("go on\n")
        os.kill(first.pid, signal.SIGKILL)
    run.refresh_from_db()
    assert run.state == ImportState.RUNNING and run.position == 150
    assert Customer.objects.count() == run.accepted == run.position - 1
    # The broker gives the job back, and another worker takes it up.
    second = subprocess.run(
        [*command, "died"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert second.stdout.count("block") == (400 - run.position) // 50
    run.refresh_from_db()
    assert (run.state, run.rows, run.accepted, run.rejected) == (ImportState.DONE, 400, 398, 2)
    assert list(run.errors.values_list("line", flat=True)) == [9, 302]
    assert Customer.objects.count() == Consent.objects.filter(granted=True).count() == 398
    assert ImportChange.objects.filter(thing="customer").count() == 398


@pytest.mark.django_db
def test_a_second_worker_is_turned_away():
    run = uploaded(people(3), kind="customers")
    services.map_columns(run, mapping=run.mapping, options=run.options, now=NOW)
    dispatch.start(run, "run", now=NOW, who=services.Who())
    stale = type(run).objects.get(pk=run.pk)
    jobs.run(run.job)
    with pytest.raises(engine.TakenOver):
        stale.position = 0
        engine.store(stale, NOW, jobs.silent)
    assert Customer.objects.count() == 3


@pytest.mark.django_db
def test_an_import_whose_worker_is_silent_is_taken_up(monkeypatch):
    run = uploaded(people(4), kind="customers")
    services.map_columns(run, mapping=run.mapping, options=run.options, now=NOW)
    job = dispatch.start(run, "run", now=NOW, who=services.Who())
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, heartbeat_at=clock.now())
    assert take_up_silent(clock.now()) == 0
    assert take_up_silent(clock.now() + timedelta(minutes=3)) == 1
    run.refresh_from_db()
    assert run.job_id != job.pk
    jobs.run(run.job)
    run.refresh_from_db()
    assert (run.state, Customer.objects.count()) == (ImportState.DONE, 4)


@pytest.mark.django_db
def test_time_out_hands_on_to_a_further_job(settings, monkeypatch):
    monkeypatch.setattr(KINDS["customers"], "block_rows", 2)
    settings.IMPORT_SLICE_SECONDS = -1
    run = imported(people(5), kind="customers")
    assert run.state == ImportState.RUNNING and run.position == 0
    settings.IMPORT_SLICE_SECONDS = 100
    jobs.run(run.job)
    run.refresh_from_db()
    assert (run.state, run.rows, Customer.objects.count()) == (ImportState.DONE, 5, 5)


@pytest.mark.django_db
def test_stopped_it_keeps_whole_blocks_and_goes_on(monkeypatch):
    monkeypatch.setattr(KINDS["customers"], "block_rows", 2)
    monkeypatch.setattr(jobs.JobProgress, "EVERY_SECONDS", 0)
    run = uploaded(people(5), kind="customers")
    services.map_columns(run, mapping=run.mapping, options=run.options, now=NOW)
    job = dispatch.start(run, "run", now=NOW, who=services.Who())
    services.cancel(run, now=NOW, who=services.Who())
    jobs.run(job)
    run.refresh_from_db()
    assert (run.state, run.position, Customer.objects.count()) == (ImportState.CANCELLED, 2, 2)
    worked(run, "run")
    assert (run.state, run.rows, Customer.objects.count()) == (ImportState.DONE, 5, 5)


@pytest.mark.django_db
def test_undo_restores_every_table_bit_by_bit():
    upsert_customers(
        [
            {"external_id": "p1", "email": "old@x.example", "phone": "+12025550100", "attributes": {"a": 1}},
            {"external_id": "p2", "email": "p2@x.example", "birthday": "1990-01-01"},
        ],
        NOW,
    )
    imported("sku,name,price,stock\ns1,Tee,5.00,3\n", kind="products", source="base")
    ingest([{"message_id": "m", "type": "view", "customer": "p1", "sku": "s1"}], now=NOW)
    before = checksums()
    files = [
        imported("customer_id,email,first_name,phone,tier\np1,new@x.example,Ann,,gold\np3,p3@x.example,Cy,,\n",
                 kind="customers", mapping={"customer_id": "external_id", "email": "email",
                 "first_name": "first_name", "phone": "phone", "tier": "attributes.tier"}),
        imported("sku,name,price,stock\ns1,Tea,4.00,1\ns2,Cup,2.00,\n", kind="products"),
        imported(SHOPIFY_ORDERS, kind="orders", source="shopify"),
        imported("email,reason,until\nq@x.example,bounced,2030-01-01\n", kind="suppressions"),
        imported("id,event,time,user\n1,visit,2099-01-01T00:00:00Z,p1\n2,visit,2026-01-01T00:00:00Z,zz\n",
                 kind="events"),
    ]  # fmt: skip
    assert all(run.state == ImportState.DONE for run in files)
    assert files[4].quarantined == 1
    after = checksums()
    assert all(after[table] != before[table] for table in TABLES)
    for run in reversed(files):
        worked(run, "undo")
        assert (run.state, run.left_alone) == (ImportState.UNDONE, {})
    now = checksums()
    # An anonymous or stub identifier may stay; rows of people, goods and facts are as they were.
    assert now == before


@pytest.mark.django_db
def test_undo_leaves_alone_what_others_have_touched():
    run = imported(people(4), kind="customers")
    goods = imported("sku,name\ns1,Tee\ns2,Cup\ns3,Jar\n", kind="products")
    by_name = {c.external_id: c for c in Customer.objects.all()}
    upsert_customers([{"external_id": "p0", "last_name": "Changed"}], clock.now())
    ingest([{"message_id": "m", "type": "view", "customer": "p1", "sku": "s1"}], now=clock.now())
    record_consents([ConsentRow(by_name["p2"].pk, "sms", True, "page", clock.now())], clock.now())
    Product.objects.filter(sku="s2").update(name="Mug", updated_at=clock.now())
    worked(run, "undo")
    worked(goods, "undo")
    assert sorted(Customer.objects.values_list("external_id", flat=True)) == ["p0", "p1", "p2"]
    assert sorted(run.left_alone["customer"]) == ["p0", "p1", "p2"]
    assert sorted(Product.objects.values_list("sku", flat=True)) == ["s1", "s2"]
    assert sorted(goods.left_alone["product"]) == ["s1", "s2"]
    # The consents that the file gave them are withdrawn by a compensating entry.
    assert set(Consent.objects.filter(channel="email").values_list("granted", flat=True)) == {False}
    assert Consent.objects.get(channel="sms").granted is True
    assert Event.objects.count() == EventKey.objects.count() == 1


@pytest.mark.django_db
def test_a_longer_ban_stays_and_a_changed_one_comes_back():
    imported("email,reason,until\na@x.example,bounced,2027-01-01\nb@x.example,spam,\n", kind="suppressions")
    before = checksums()["customers_suppression"]
    run = imported("email,until\na@x.example,2028-01-01\nb@x.example,2028-01-01\n", kind="suppressions")
    assert (run.changed, run.duplicates) == (1, 1)
    assert checksums()["customers_suppression"] != before
    worked(run, "undo")
    assert checksums()["customers_suppression"] == before
    assert Suppression.objects.count() == 2


@pytest.mark.django_db
def test_files_are_forgotten_after_their_time(files):
    run = imported("customer_id,email\n1,bad\n2,\n", kind="customers")
    assert services.forget_files(NOW + timedelta(days=29), days=30) == 0
    assert services.forget_files(NOW + timedelta(days=31), days=30) == 1
    run.refresh_from_db()
    assert list(files.iterdir()) == [] and ImportChange.objects.count() == 0
    assert [error.raw for error in run.errors.all()] == [""]
    assert not run.may_undo and Customer.objects.count() == 1
    with pytest.raises(services.WrongState):
        dispatch.start(run, "undo", now=NOW, who=services.Who())
