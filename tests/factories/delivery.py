"""Runs, their audience, and the people in it."""

from datetime import timedelta

from core.encryption import keyed_hash, normalise_email
from customers.models import Channel, Consent, Customer, Suppression
from delivery.services import launch


def make_customers(count, *, now, consent=True, first=0):
    """Create customers c0, c1, … with addresses, who agreed to marketing by e-mail."""
    customers = Customer.objects.bulk_create(
        Customer(
            external_id=f"c{i}",
            email=f"c{i}@demo.invalid",
            email_domain="demo.invalid",
            created_at=now,
            updated_at=now,
        )
        for i in range(first, first + count)
    )
    if consent:
        since = now - timedelta(days=1)
        Consent.objects.bulk_create(
            Consent(
                customer=c,
                channel=Channel.EMAIL,
                topic="marketing",
                granted=True,
                since=since,
            )
            for c in customers
        )
    return customers


def suppress_address(address, *, now, until=None):
    return Suppression.objects.create(
        channel=Channel.EMAIL,
        address_hash=keyed_hash("email", normalise_email(address)),
        reason=Suppression.Reason.MANUAL,
        until=until,
        created_at=now,
    )


def audience_of(*, now, held_out="false", context="'{}'::jsonb", where="true"):
    """Return an audience query over all customers; the parts are SQL."""
    sql = (
        f"SELECT id AS customer_id, {held_out} AS held_out, {context} AS context, %s AS due_at"
        f" FROM customers_customer WHERE {where}"
    )
    return sql, [now]


def make_run(*, now, reference="spring", source="tests", launch_key="1", **audience):
    return launch(
        source=source,
        reference=reference,
        channel=Channel.EMAIL,
        topic="marketing",
        audience=audience_of(now=now, **audience),
        as_of=now,
        now=now,
        launch=launch_key,
    )
