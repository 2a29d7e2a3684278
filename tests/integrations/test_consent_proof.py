"""Consents that come with their proof, and those that come without: who is written to in Germany."""

import pytest

from campaigns.reach import measure
from customers.models import ConsentEvent, Customer
from delivery.eligibility import check
from delivery.models import Run, SkipReason
from integrations.models import ImportRowError
from tests.delivery.eligibility.test_quiet_and_markets import Everybody
from tests.factories.imports import NOW, imported

pytestmark = pytest.mark.django_db
HEAD = "customer_id,email,country,email_consent,optin_time,optin_ip,form,confirm_time,confirm_ip\n"
ROWS = (
    "proven,p@x.example,DE,yes,2026-01-02,203.0.113.7,newsletter page,2026-01-02T10:00:00Z,203.0.113.8\n"
    "told,t@x.example,DE,yes,2026-01-02,203.0.113.7,newsletter page,,\n"
    "abroad,a@x.example,US,yes,2026-01-02,,,,\n"
    "future,f@x.example,DE,yes,2026-01-02,,,2099-01-01,\n"
)


def reasons():
    run = Run(source="tests", reference="x", channel="email", topic="marketing")
    ids = dict(Customer.objects.values_list("pk", "external_id"))
    return {ids[pk]: reason for pk, reason in check(run, ids, Everybody(), now=NOW).reasons.items()}


def test_a_moment_of_confirmation_is_the_proof_and_a_mere_yes_is_none():
    imported((HEAD + ROWS).encode(), kind="customers")
    assert reasons() == {"told": SkipReason.NOT_CONFIRMED, "future": SkipReason.NOT_CONFIRMED}
    proof = ConsentEvent.objects.get(customer__external_id="proven").proof
    del proof["import"]
    assert proof == {
        "double_opt_in": True, "confirmed_at": "2026-01-02T10:00:00+00:00", "confirmed_ip": "203.0.113.8",
        "ip": "203.0.113.7", "source": "newsletter page",
    }  # fmt: skip


def test_the_campaigns_preview_counts_them_apart_before_anything_is_sent():
    imported((HEAD + ROWS).encode(), kind="customers")
    reach = measure(("SELECT id AS customer_id FROM customers_customer", []), holdout_share=0, now=NOW)
    assert (reach.audience, reach.not_confirmed, reach.no_consent, reach.would_get) == (4, 2, 0, 2)


def test_the_proof_may_come_later_as_a_list_of_consents():
    imported((HEAD + ROWS).encode(), kind="customers")
    late = "customer_id,granted,date,confirm_time\ntold,yes,2026-02-01,2026-02-01T08:00:00Z\n"
    imported(late.encode(), kind="consents")
    assert reasons() == {"future": SkipReason.NOT_CONFIRMED}


def test_a_column_of_ones_own_is_no_proof():
    imported((HEAD + ROWS).encode(), kind="customers")
    claimed = "customer_id,granted,date,opt_in\ntold,yes,2026-02-01,yes\n"
    imported(claimed.encode(), kind="consents", mapping={
        "customer_id": "external_id", "granted": "granted", "date": "occurred_at",
        "opt_in": "attributes.opt_in",
    })  # fmt: skip
    assert reasons()["told"] == SkipReason.NOT_CONFIRMED


def test_an_address_that_is_none_is_told_by_line():
    imported((HEAD + "x,x@x.example,DE,yes,2026-01-02,somewhere,,,\n").encode(), kind="customers")
    assert "203.0.113.7" in ImportRowError.objects.get().reason
    assert not Customer.objects.exists()
