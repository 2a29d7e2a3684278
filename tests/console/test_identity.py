"""Merging, exporting and erasing by hand, and who may."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import AuditEntry, User
from catalog.models import Product
from catalog.services import upsert_products
from core import clock
from core.money import Money
from customers.identity.proposals import propose
from customers.models import Customer, CustomerMerge, ErasureRequest, MergeProposal
from customers.selectors import by_identifier
from events.models import Event
from events.services import ingest
from tests.factories.customers import NOW, make_customer
from tests.factories.events import event

pytestmark = pytest.mark.django_db


def signed_in(role: str) -> Client:
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def pair():
    ada = make_customer("ada", email="ada@example.com", first_name="Ada")
    bob = make_customer("bob", phone="+12025550123", locale="de")
    ingest([event("a", customer="ada"), event("b", customer="bob")], now=NOW)
    propose([(ada.pk, bob.pk, "email")], NOW)
    return ada, bob


def test_a_proposal_leads_to_a_merge_and_back(pair):
    ada, bob = pair
    client = signed_in("approver")
    page = client.get(f"/admin/customers/{ada.pk}/").content.decode()
    assert "probably the same person" in page
    look = client.get(f"/admin/customers/{ada.pk}/merge/?with={bob.pk}").content.decode()
    assert "bob becomes part of ada" in look
    assert "phone, language" in look
    turned = client.get(f"/admin/customers/{ada.pk}/merge/?with={bob.pk}&keep={bob.pk}").content.decode()
    assert "ada becomes part of bob" in turned
    found = client.get(f"/admin/customers/{bob.pk}/merge/?q=ADA@example.com").content.decode()
    assert f"with={ada.pk}" in found
    answer = client.post(f"/admin/customers/{ada.pk}/merge/", {"merged": bob.pk})
    assert answer.url == f"/admin/customers/{ada.pk}/"
    assert set(Event.objects.values_list("customer_id", flat=True)) == {ada.pk}
    page = client.get(f"/admin/customers/{ada.pk}/").content.decode()
    assert "bob was merged in on" in page
    client.post(f"/admin/merges/{CustomerMerge.objects.get().pk}/undo/")
    assert Customer.objects.count() == 2
    assert MergeProposal.objects.get().state == "open"
    assert list(AuditEntry.objects.order_by("id").values_list("action", "actor")) == [
        ("merge_customers", "approver"), ("undo_merge", "approver"),
    ]  # fmt: skip


def test_two_who_are_ticked_in_the_list_are_shown_side_by_side(pair):
    client = signed_in("approver")
    ticked = {"action": "merge_two", "_selected_action": [c.pk for c in pair]}
    answer = client.post("/admin/customers/customer/", ticked)
    assert "/merge/?with=" in answer.url
    one = client.post("/admin/customers/customer/", {**ticked, "_selected_action": [pair[0].pk]}, follow=True)
    assert "Tick exactly two customers" in one.content.decode()
    assert Customer.objects.count() == 2


def test_two_people_stay_two(pair):
    client = signed_in("approver")
    client.post(f"/admin/proposals/{MergeProposal.objects.get().pk}/dismiss/")
    assert "probably the same person" not in client.get(f"/admin/customers/{pair[0].pk}/").content.decode()
    propose([(pair[0].pk, pair[1].pk, "email")], NOW)
    assert MergeProposal.objects.get().state == "dismissed"


@pytest.mark.parametrize("role", ["viewer", "marketer", "analyst"])
def test_others_may_not(pair, role):
    client = signed_in(role)
    ada, bob = pair
    page = client.get(f"/admin/customers/{ada.pk}/").content.decode()
    assert "Merge with" not in page
    assert "Erase" not in page
    for path, body in (
        (f"customers/{ada.pk}/merge/", {"merged": bob.pk}), (f"customers/{ada.pk}/export/", {}),
        (f"customers/{ada.pk}/erase/", {"id": "ada"}), ("merges/1/undo/", {}), ("proposals/1/dismiss/", {}),
    ):  # fmt: skip
        assert client.post(f"/admin/{path}", body).status_code == 403
    assert Customer.objects.count() == 2
    assert not ErasureRequest.objects.exists()


def test_an_approver_merges_and_does_not_erase(pair):
    client = signed_in("approver")
    assert client.post(f"/admin/customers/{pair[0].pk}/erase/", {"id": "ada"}).status_code == 403
    assert client.post(f"/admin/customers/{pair[0].pk}/export/").status_code == 403


@pytest.mark.parametrize("other", ["", "x", "0", "99999999999999999999", "-1"])
def test_a_merge_with_nobody_says_so(pair, other):
    client = signed_in("approver")
    answer = client.post(f"/admin/customers/{pair[0].pk}/merge/", {"merged": other}, follow=True)
    assert "not there any more" in answer.content.decode()
    assert client.get(f"/admin/customers/{pair[0].pk}/merge/?with={other}&q=%00").status_code == 200


def test_erasing_needs_the_id_and_exporting_leaves_a_note_without_a_name(pair, settings, tmp_path):
    settings.ERASURE_JOURNAL = tmp_path / "erasures.jsonl"
    client = signed_in("admin")
    ada, _ = pair
    wrong = client.post(f"/admin/customers/{ada.pk}/erase/", {"id": "bob"}, follow=True)
    assert "Type the customer id exactly" in wrong.content.decode()
    assert not ErasureRequest.objects.exists()
    export = client.post(f"/admin/customers/{ada.pk}/export/")
    assert export["Content-Disposition"] == f'attachment; filename="customer-{ada.pk}.json"'
    assert export.json()["customer"]["email"] == "ada@example.com"
    client.post(f"/admin/customers/{ada.pk}/erase/", {"id": "ada"})
    assert ErasureRequest.objects.get().state == "waiting"
    assert "being erased already" in client.get(f"/admin/customers/{ada.pk}/erase/").content.decode()
    assert "Ada" not in str(list(AuditEntry.objects.values()))


def test_the_admins_form_keeps_identifiers_in_step(pair):
    client = signed_in("admin")
    ada, _bob = pair
    path = f"/admin/customers/customer/{ada.pk}/change/"
    form = {
        "first_name": "Ada", "email": "NEW@example.com", "phone": "", "attributes": "{}",
        "consents-TOTAL_FORMS": 0, "consents-INITIAL_FORMS": 0,
        "identifiers-TOTAL_FORMS": 0, "identifiers-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert client.post(path, form).status_code == 302
    assert by_identifier("email", "new@example.com") == ada
    assert by_identifier("email", "ada@example.com") is None
    taken = client.post(path, {**form, "phone": "+1 202 555 0123"}).content.decode()
    assert "Another customer has this" in taken
    assert "Not an e-mail address" in client.post(path, {**form, "email": "x"}).content.decode()
    ada.refresh_from_db()
    assert (ada.email, ada.external_id) == ("NEW@example.com", "ada")


def test_a_products_page_shows_price_stock_and_the_lowest_price():
    now = clock.now()
    for days, price, stock in ((60, "10", 9), (20, "7", 0), (10, "9", 3), (1, "8", 4)):
        upsert_products(
            [{"sku": "tea", "name": "Tea", "price": Money(Decimal(price), "USD"), "stock": stock}],
            now - timedelta(days=days),
        )
    page = signed_in("viewer").get(f"/admin/products/{Product.objects.get().pk}/").content.decode()
    assert "$7.00" in page
    assert "Lowest of the 30 days before" in page
    assert page.count("<figure") == 2
