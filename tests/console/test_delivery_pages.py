"""The delivery pages: what they show, what they do, to whom, and how fast."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry, User
from core.encryption import keyed_hash
from customers.models import Suppression
from delivery.models import Handover, Message, Provider, ReceivedMessage, Run, StaffTask
from delivery.outbox.send import deliver
from delivery.services import launch
from delivery.suppression import hashes_of
from events.models import Event
from tests.delivery.providers import serve
from tests.delivery.source import register
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def source():
    register().__init__()


def sign_in(role="admin", name="alice"):
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def sending(now, count=4, channel="staff", where="true", context="'{}'::jsonb", reference="spring"):
    sql = (
        f"SELECT id AS customer_id, false AS held_out, {context} AS context, %s AS due_at"
        f" FROM customers_customer WHERE {where}"
    )
    return launch(
        source="tests", reference=reference, channel=channel, topic="marketing", audience=(sql, [now]),
        as_of=now, now=now, transactional=True,
    )  # fmt: skip


def test_a_staff_task_is_handed_over_exported_and_confirmed_once(now):
    make_customers(3, now=now)
    run = sending(now, context="""'{"subject": "=SUM(A1)"}'::jsonb""")
    assert deliver(run.pk, clock=lambda: now) == 3
    client = sign_in("marketer")
    page = client.get("/admin/delivery/staff/").content.decode()
    assert page.count('name="task"') == 3
    log = client.get(f"/admin/delivery/log/?run={run.pk}").content.decode()
    assert log.count("Handed over") == 3
    rows = list(csv.reader(io.StringIO(_text(client.get("/admin/delivery/staff/export/")))))
    assert rows[0][0].lstrip("\ufeff") == "customer"
    assert [row[2] for row in rows[1:]] == ["'=SUM(A1)"] * 3
    one, two, three = StaffTask.objects.order_by("id")
    for _ in range(2):
        client.post(
            "/admin/delivery/staff/confirm/", {"task": [one.pk, "x"], "state": "done", "note": "by phone"}
        )
    client.post("/admin/delivery/staff/confirm/", {"task": [one.pk, two.pk], "state": "not_reached"})
    client.post("/admin/delivery/staff/confirm/", {"task": [three.pk], "state": "handed_over"})
    assert list(StaffTask.objects.order_by("id").values_list("state", "note")) == [
        ("done", "by phone"),
        ("not_reached", ""),
        ("handed_over", ""),
    ]
    kinds = Event.objects.filter(message_id__startswith="staff:").values_list("type", flat=True)
    assert sorted(kinds) == ["message_bounced", "message_delivered"]
    assert AuditEntry.objects.filter(action="confirm_staff_tasks").count() == 2
    viewer = sign_in("viewer", "victor")
    assert (
        viewer.post("/admin/delivery/staff/confirm/", {"task": [three.pk], "state": "done"}).status_code
        == 403
    )
    assert viewer.get("/admin/delivery/staff/export/").status_code == 403


def _text(answer):
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def test_the_log_narrows_pages_and_exports(now):
    make_customers(60, now=now)
    run = sending(now, channel="onsite")
    other = sending(now, channel="onsite", reference="summer", where="external_id = 'c7'")
    Message.objects.filter(run=run).update(state="sent", sent_at=now)
    ids = list(Message.objects.filter(run=run).values_list("pk", flat=True)[:3])
    Message.objects.filter(pk__in=ids).update(state="skipped", skip_reason="no_consent", sent_at=None)
    client = sign_in("viewer")
    first = client.get(f"/admin/delivery/log/?run={run.pk}")
    assert len(first.context["rows"]) == 50
    second = client.get(f"/admin/delivery/log/?{first.context['next_page']}")
    assert len(second.context["rows"]) == 10
    seen = {row["message"].pk for page in (first, second) for row in page.context["rows"]}
    assert len(seen) == 60
    why = client.get(f"/admin/delivery/log/?run={run.pk}&state=skipped&reason=no_consent")
    assert {row["message"].pk for row in why.context["rows"]} == set(ids)
    mine = client.get("/admin/delivery/log/?customer=c7").context["rows"]
    assert {row["message"].run_id for row in mine} == {run.pk, other.pk}
    assert client.get("/admin/delivery/log/?customer=nobody").context["rows"] == []
    day = f"{now:%Y-%m-%d}"
    assert len(client.get(f"/admin/delivery/log/?since={day}&until={day}").context["rows"]) == 50
    tomorrow = f"{now + timedelta(days=1):%Y-%m-%d}"
    assert client.get(f"/admin/delivery/log/?since={tomorrow}").context["rows"] == []
    table = list(csv.reader(io.StringIO(_text(client.get(f"/admin/delivery/log/export/?run={run.pk}")))))
    assert len(table) == 61
    assert sum(row[5] == "no_consent" for row in table) == 3
    assert AuditEntry.objects.get(action="export_delivery_log").after == {"run": str(run.pk)}
    for path, rows in (("unreached/", "rows"), (f"runs/{run.pk}/unreached/", "missed")):
        found = client.get(f"/admin/delivery/{path}").context[rows]
        assert [(row["cause"].reason, row["cause"].messages) for row in found] == [("no_consent", 3)]


@pytest.mark.parametrize(
    "query",
    ["run=x", "run=%00", "state=x", "after=x", "after=" + "9" * 40,
     f"after=019f2a3c-57c1-7007-9de2-ef2af19e6092.{'9' * 30}",
     "since=2026-99-99", "since=9999-12-31", "until=9999-12-31", "since=0001-01-01",
     "customer=%00", "customer=" + "x" * 5000, "reason=%27", "channel=fax"],
)  # fmt: skip
def test_strange_filters_do_not_fail(query):
    client = sign_in("viewer")
    assert client.get(f"/admin/delivery/log/?{query}").status_code == 200
    assert client.get(f"/admin/delivery/unreached/?{query}").status_code == 200
    assert client.get(f"/admin/delivery/runs/?before={query}").status_code == 200
    assert client.get(f"/admin/delivery/suppression/?{query}&q={query}").status_code == 200
    assert client.get(f"/admin/mailbox/messages/?{query}&q={query}").status_code == 200
    assert client.get(f"/admin/delivery/staff/?{query}").status_code == 200


def test_who_was_erased_stays_in_the_log_without_a_name(now):
    [ada] = make_customers(1, now=now)
    run = sending(now, channel="onsite")
    ada.delete()
    client = sign_in("viewer")
    assert "erased" in client.get(f"/admin/delivery/log/?run={run.pk}").content.decode()
    assert client.get("/admin/delivery/message/").context["cl"].result_list[0].run_id == run.pk
    run.messages.update(state="uncertain")
    assert "erased" in client.get(f"/admin/delivery/runs/{run.pk}/unreached/").content.decode()
    assert len(_text(client.get(f"/admin/delivery/log/export/?run={run.pk}")).splitlines()) == 2


def test_a_sending_is_held_by_those_who_may(now):
    make_customers(2, now=now)
    run = sending(now, channel="onsite")
    viewer, marketer = sign_in("viewer", "victor"), sign_in("marketer", "mary")
    path = f"/admin/delivery/runs/{run.pk}/"
    assert viewer.post(f"{path}pause/").status_code == 403
    assert marketer.post(f"{path}pause/").status_code == 302
    assert Run.objects.get().state == "paused"
    assert "Resume" in marketer.get(path).content.decode()
    assert "Resume" not in viewer.get(path).content.decode()
    marketer.post(f"{path}resume/")
    assert Run.objects.get().state == "running"
    marketer.post(f"{path}cancel/")
    assert Run.objects.get().state == "cancelled"
    answer = marketer.post(f"{path}resume/", follow=True)
    assert "over or already so" in answer.content.decode()
    assert Run.objects.get().state == "cancelled"
    assert marketer.post(f"{path}explode/").status_code == 404
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "pause_run", "resume_run", "cancel_run",
    ]  # fmt: skip


def test_a_providers_secrets_go_in_and_never_come_out(settings):
    settings.DELIVERY_PRIVATE_HOSTS = ["127.0.0.1"]
    client = sign_in()
    assert client.get("/admin/delivery/provider/add/").status_code == 302
    path = "/admin/delivery/provider/add/?kind=sms-http"
    form = {
        "name": "Gate",
        "is_active": "on",
        "priority": "1",
        "weight": "1",
        "setting_url": "http://10.1.1.1/",
    }
    answer = client.post(path, form | {"setting_token": "s3cret"})
    assert "private network" in answer.content.decode()
    assert not Provider.objects.exists()
    with serve(lambda *call: (200, {}, {"id": "x"})) as server:
        answer = client.post(path, form | {"setting_token": "s3cret", "setting_url": server.url})
        assert answer.status_code == 302, answer.content.decode()[:3000]
        gate = Provider.objects.get()
        assert (gate.kind, gate.channel) == ("sms-http", "sms")
        assert gate.configuration == {"url": server.url, "token": "s3cret"}
        with connection.cursor() as cursor:
            cursor.execute("SELECT settings FROM delivery_provider")
            assert "s3cret" not in cursor.fetchone()[0]
        change = f"/admin/delivery/provider/{gate.pk}/change/"
        page = client.get(change).content.decode()
        assert "s3cret" not in page
        assert server.url in page
        client.post(change, form | {"setting_url": server.url, "setting_sender": "Shop", "setting_token": ""})
        gate.refresh_from_db()
        assert gate.configuration == {"url": server.url, "token": "s3cret", "sender": "Shop"}
        assert "s3cret" not in str(list(AuditEntry.objects.values()))
        # The test button: real, answered for, and without statistics.
        tried = client.post(
            f"/admin/delivery/providers/{gate.pk}/test/", {"to": "+4915112345678"}, follow=True
        )
        assert "took the test message" in tried.content.decode()
        [(_, headers, _body)] = server.calls
        assert headers["Authorization"] == "Bearer s3cret"
        assert "s3cret" not in tried.content.decode()
        bad = client.post(f"/admin/delivery/providers/{gate.pk}/test/", {"to": "nobody"}, follow=True)
        assert "Not a phone number" in bad.content.decode()
        settings.IS_DEMO = True
        shut = client.post(
            f"/admin/delivery/providers/{gate.pk}/test/", {"to": "+4915112345678"}, follow=True
        )
        assert "nothing leaves this machine" in shut.content.decode()
        assert len(server.calls) == 1
    marketer = sign_in("marketer", "mary")
    assert marketer.get("/admin/delivery/providers/").status_code == 200
    assert "s3cret" not in marketer.get(change).content.decode()
    assert marketer.post(f"/admin/delivery/providers/{gate.pk}/test/", {"to": "x"}).status_code == 403
    assert marketer.get("/admin/delivery/provider/add/?kind=sms-http").status_code == 403


def test_suppression_is_found_by_the_address_added_and_lifted_with_a_reason(now):
    marketer, approver = sign_in("marketer", "mary"), sign_in("approver", "ann")
    add = "/admin/delivery/suppression/add/"
    marketer.post(add, {"channel": "email", "address": " Ada@Example.com "})
    marketer.post(add, {"channel": "sms", "address": "nonsense"})
    row = Suppression.objects.get()
    assert (row.channel, row.reason, row.address_hash) == (
        "email", "manual", keyed_hash("email", "ada@example.com"),
    )  # fmt: skip
    assert row.address_hash in hashes_of("ADA@example.com")
    page = marketer.get("/admin/delivery/suppression/?q=ada@EXAMPLE.com")
    assert list(page.context["rows"]) == [row]
    lift = f"/admin/delivery/suppression/{row.pk}/lift/"
    assert marketer.post(lift, {"why": "asked"}).status_code == 403
    assert "Write why" in approver.post(lift, {"why": " "}, follow=True).content.decode()
    Suppression.objects.update(reason="erased")
    assert "cannot be lifted" in approver.post(lift, {"why": "asked"}, follow=True).content.decode()
    Suppression.objects.update(reason="manual")
    approver.post(lift, {"why": "asked by phone"})
    assert not Suppression.objects.exists()
    entries = AuditEntry.objects.order_by("id")
    assert [e.action for e in entries] == ["add_suppression", "lift_suppression"]
    told = str(list(entries.values("before", "after", "object_name"))).lower()
    assert not re.search(r"\bada\b", told)


def test_the_mailbox_shows_other_channels(now):
    ReceivedMessage.objects.create(
        channel="sms", address="+49151", message_id="<1@x>", text="<script>alert(1)</script>",
        payload={"parts": 1, "encoding": "GSM-7"}, received_at=now,
    )  # fmt: skip
    page = sign_in("viewer").get("/admin/mailbox/messages/?channel=sms&q=%2B49").content.decode()
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_a_receipt_stands_beside_its_message(now):
    make_customers(1, now=now)
    run = sending(now, channel="onsite")
    message = Message.objects.get()
    provider = Provider.objects.create(
        name="p", channel="sms", kind="sms-http", created_at=now, updated_at=now
    )
    Handover.objects.create(
        provider=provider, reference="r", run_id=run.pk, message_id=message.pk,
        customer_id=message.customer_id, handed_at=now, receipt="undelivered", error="switched off",
    )  # fmt: skip
    page = sign_in("viewer").get("/admin/delivery/log/").content.decode()
    assert "Not delivered" in page
    assert "switched off" in page


@pytest.mark.parametrize(
    "path", ["/admin/delivery/log/?run={run}", "/admin/delivery/unreached/", "/admin/delivery/runs/{run}/"]
)
def test_queries_do_not_grow_with_the_rows(now, path, django_assert_max_num_queries):
    make_customers(60, now=now)
    run = sending(now, channel="onsite")
    client = sign_in("viewer")
    client.get(path.format(run=run.pk))
    with django_assert_max_num_queries(22):
        client.get(path.format(run=run.pk))
