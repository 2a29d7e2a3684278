"""Lists as CSV: who may take out what, filtered as on the page, harmless in a spreadsheet, written down."""

import csv
import io

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts import jobs
from accounts.models import AuditEntry, Job, User
from accounts.roles import sync_roles
from catalog.models import Product
from core.exports import harmless
from customers.models import Customer
from customers.services import upsert_customers
from events.models import Event
from integrations.exports import services
from integrations.models import Export
from tests.factories.imports import NOW, imported

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop(settings, tmp_path):
    settings.IMPORT_FILES = str(tmp_path)
    upsert_customers(
        [
            {"external_id": "1", "first_name": '=HYPERLINK("http://x")', "last_name": "+1",
            "email": "a@b.example",
             "country": "DE"},
            {"external_id": "2", "first_name": "Bob", "country": "FR", "phone": "+33123456789"},
        ],
        NOW,
    )  # fmt: skip
    sync_roles()


def person(role: str) -> Client:
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def taken(client: Client, path: str, ids: list[int], across: bool = False) -> list[list[str]] | int:
    data = {
        "action": "export",
        "_selected_action": [str(i) for i in ids],
        "select_across": "1" if across else "0",
    }
    answer = client.post(path, data)
    if answer.get("Content-Type", "").startswith("text/csv"):
        return list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    return answer.status_code


def ids_of(client: Client) -> list[int]:
    from customers.models import Customer

    return list(Customer.objects.values_list("pk", flat=True))


def test_formulas_are_neutralised_and_the_export_is_written_down():
    marketer = person("marketer")
    rows = taken(marketer, "/admin/customers/customer/", ids_of(marketer))
    assert rows[0][:5] == ["customer id", "first name", "last name", "e-mail", "phone"]
    assert ["1", '\'=HYPERLINK("http://x")', "'+1", "a@b.example", ""] in [row[:5] for row in rows]
    assert "'+33123456789" in rows[1] + rows[2]
    entry = AuditEntry.objects.get(action="export")
    assert (entry.actor, entry.after) == ("marketer", {"list": "customers", "personal": True, "rows": 2})
    # What was taken out can be imported again as it is.
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    run = imported(out.getvalue(), kind="customers")
    assert (run.rejected, run.duplicates) == (0, 2)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"])
def test_each_beginning_of_a_formula_is_neutralised(text):
    assert harmless(text) == f"'{text}"
    assert [harmless(cell) for cell in ("a=1", "", -1, None)] == ["a=1", "", -1, None]


def test_personal_columns_are_for_those_who_may():
    analyst = person("analyst")
    rows = taken(analyst, "/admin/customers/customer/", ids_of(analyst))
    assert rows[0] == ["customer id", "language", "time zone", "country", "no profiling", "customer since"]
    assert Export.objects.get().personal is False


def test_who_may_not_takes_nothing_out():
    for role, path in (
        ("viewer", "/admin/customers/customer/"),
        ("marketer", "/admin/customers/suppression/"),
    ):
        client = person(role)
        assert taken(client, path, ids_of(client)) in (302, 200)
    assert Export.objects.count() == 0


def test_filters_are_respected():
    marketer = person("marketer")
    page = "/admin/customers/customer/?q=Bob"
    rows = taken(marketer, page, ids_of(marketer), across=True)
    assert [row[0] for row in rows] == ["customer id", "2"]


def test_a_long_list_is_written_by_a_worker(monkeypatch):
    imported("sku,name\na,=1+1\nb,Cup\nc,Jar\n", kind="products")
    monkeypatch.setattr("integrations.exports.action.AT_ONCE", 2)
    marketer, eve = person("marketer"), person("analyst")
    some = list(Product.objects.values_list("pk", flat=True))[:1]
    assert taken(marketer, "/admin/catalog/product/?q=", some, across=True) == 302
    export = Export.objects.get()
    jobs.run(Job.objects.get(kind="export"))
    page = f"/admin/exports/{export.pk}/"
    assert marketer.get(page).status_code == 200
    text = b"".join(marketer.get(page + "download/")).decode("utf-8-sig")
    assert len(text.splitlines()) == 4 and "'=1+1" in text
    assert (eve.get(page).status_code, eve.get(page + "download/").status_code) == (404, 404)
    assert AuditEntry.objects.filter(action="export.download").count() == 1
    export.refresh_from_db()
    assert export.rows == 3
    assert services.AT_ONCE == 20_000


def test_events_go_out_with_what_was_taken_off_in_the_currency_of_their_row(settings):
    settings.SHOP_EXCHANGE_RATES = {"EUR": 2}
    customer = Customer.objects.get(external_id="1")

    def bought(name: str, **money) -> Event:
        return Event.objects.create(
            source="till", message_id=name, type="purchase", customer=customer, order_id=name, quantity=1,
            occurred_at=NOW, received_at=NOW, **money,
        )  # fmt: skip

    kept = [
        bought("own", amount="8.00", original_amount="8.00", currency="USD", discount="2.00"),
        bought("old", amount="8.00", discount="2.00"),
        # At the rate of its day, which is not that of today.
        bought("euro", amount="30.00", original_amount="10.00", currency="EUR", discount="6.00"),
        bought("free", amount="0.00", original_amount="0.00", currency="EUR", discount="6.00"),
        bought("none", amount="8.00", original_amount="8.00", currency="USD"),
        bought("lira", amount="0.00", original_amount="0.00", currency="TRY", discount="6.00"),
    ]
    rows = taken(person("analyst"), "/admin/events/event/", [event.pk for event in kept])
    names = rows[0]
    told = {row[names.index("event id")]: row[names.index("discount")] for row in rows[1:]}
    assert told == {"own": "2.00", "old": "2.00", "euro": "2.00", "free": "3.00", "none": "", "lira": ""}
