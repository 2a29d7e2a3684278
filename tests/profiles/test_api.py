"""Profiles over REST: one with its formulas, all page by page, and the work behind them."""

import pytest
from rest_framework.test import APIClient

from accounts.keys import create_key
from accounts.models import AuditEntry, Job
from customers.models import Customer
from profiles.models import CustomerProfile
from profiles.selectors import profile_fields
from profiles.services import build_profiles
from tests.profiles.conftest import AS_OF


def api_client(scope):
    """Return a client with a key of one scope."""
    _, key = create_key(name="Shop", scopes=[scope], now=AS_OF)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {key}")
    return client


@pytest.fixture
def built(shop):
    for number in range(3):
        shop.event(shop.customer(f"c{number}"), 3, amount="12.30")
    build_profiles(as_of=AS_OF, now=AS_OF)
    return shop


def test_a_profile_says_what_each_field_means(built):
    answer = api_client("customers:read").get("/api/v1/customers/c1/profile")
    assert answer.status_code == 200
    body = answer.json()
    assert body["values"]["revenue"] == "12.30"
    assert body["values"]["lifecycle"] == "new"
    assert (body["values"]["rfm_r"], body["values"]["orders"]) == (3, 1)
    fields = {each["name"]: each for each in body["fields"]}
    assert set(fields) == set(body["values"])
    assert fields["basket_value"]["formula"] == "Revenue ÷ orders."
    assert fields["revenue"]["source"] == ["purchase", "cancel", "refund"]


def test_every_field_has_a_formula():
    fields = profile_fields()
    assert len(fields) >= 35
    assert all(each.formula and each.label and each.source for each in fields)


def test_who_objects_has_no_profile_to_read(built):
    Customer.objects.filter(external_id="c1").update(no_profiling=True)
    CustomerProfile.objects.filter(customer__external_id="c1").delete()
    answer = api_client("customers:read").get("/api/v1/customers/c1/profile")
    assert (answer.status_code, answer.json()["title"]) == (404, "This customer objects to profiling.")
    assert api_client("customers:read").get("/api/v1/customers/nobody/profile").status_code == 404


def test_all_profiles_page_by_page(built, django_assert_max_num_queries):
    client = api_client("customers:read")
    with django_assert_max_num_queries(12):
        first = client.get("/api/v1/profiles?limit=2").json()
    second = client.get(first["next"]).json()
    assert [row["customer"] for row in first["results"] + second["results"]] == ["c0", "c1", "c2"]
    assert second["next"] is None


def test_the_work_is_a_job_and_needs_the_right_scope(built):
    assert api_client("customers:read").post("/api/v1/profiles/jobs", {}, format="json").status_code == 403
    client = api_client("customers:write")
    answer = client.post("/api/v1/profiles/jobs", {"what": "profile"}, format="json")
    assert answer.status_code == 202
    job = Job.objects.get(pk=answer.json()["job"])
    assert (job.kind, answer.json()["state"]) == ("profile", job.state)
    assert AuditEntry.objects.get(action="profiling_started").object_id == str(job.pk)
    reader = api_client("customers:read")
    assert reader.get(f"/api/v1/profiles/jobs/{job.pk}").json()["job"] == str(job.pk)
    Job.objects.filter(pk=job.pk).update(kind="import")
    assert reader.get(f"/api/v1/profiles/jobs/{job.pk}").status_code == 404  # not theirs to see
    assert client.post("/api/v1/profiles/jobs", {"what": "magic"}, format="json").status_code == 400


def test_what_is_unknown_and_studies(built):
    client = api_client("customers:read")
    assert {each["what"] for each in client.get("/api/v1/profiles/unknown").json()} >= {
        "personas",
        "lifecycle",
    }
    assert client.get("/api/v1/profiles/studies/lifecycle").status_code == 404
    assert client.get("/api/v1/profiles/fields").json()[0]["name"] == "first_order_at"
