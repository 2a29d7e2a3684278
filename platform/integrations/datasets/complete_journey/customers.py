"""Households as customers.

Consent to e-mail is not in the data, so it is made up and marked as such: every household agrees at its
first purchase, and those whose number hashes into the first 4 % withdraw on 1 October 2017 (or the day
after their first purchase, when that is later). So *skipped: no consent* is something one can see.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from customers.models import Channel
from customers.services import ConsentRow, record_consents, upsert_customers
from integrations.datasets.complete_journey.files import NAME, Files
from integrations.services import import_run

WITHDRAWN_PERCENT = 4
WITHDRAWN_AT = datetime(2017, 10, 1, tzinfo=UTC)
SOURCE = "dataset"
_PROOF = {"dataset": NAME, "note": "Made up: the data set knows no consents."}
_DEMOGRAPHICS = (
    "age", "income", "home_ownership", "marital_status", "household_size", "household_comp", "kids_count",
)  # fmt: skip


def load(files: Files, now: datetime) -> None:
    """Store the customers and their consents."""
    households = files.households.to_dicts()
    with import_run(dataset=NAME, kind="customers", source=NAME, now=now) as counts:
        result = upsert_customers([_customer(h) for h in households], now)
        counts.rows, counts.accepted = len(households), len(result.created)
        counts.rejected = len(result.rejected)
        counts.duplicates = counts.rows - counts.accepted - counts.rejected
    with import_run(dataset=NAME, kind="consents", source=SOURCE, now=now) as counts:
        known = [
            (h, result.ids[str(h["household_id"])])
            for h in households
            if str(h["household_id"]) in result.ids
        ]
        rows = [row for household, pk in known for row in _consents(household, pk)]
        counts.rows, counts.accepted = len(rows), record_consents(rows, now)
        counts.duplicates = counts.rows - counts.accepted


def withdrew(household_id: int) -> bool:
    """Tell whether the household is one of the made-up share that withdrew its consent."""
    digest = hashlib.sha256(f"withdrawn:{household_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < WITHDRAWN_PERCENT


def _customer(household: dict[str, Any]) -> dict[str, Any]:
    number = household["household_id"]
    return {
        "external_id": str(number),
        "first_name": "",
        "last_name": f"Household {number}",
        "email": f"household-{number}@demo.invalid",
        "locale": "en",
        "country": "US",
        "attributes": {k: household[k] for k in _DEMOGRAPHICS if household[k] is not None},
        "known_since": household["first_at"],
    }


def _consents(household: dict[str, Any], customer_id: int) -> list[ConsentRow]:
    first: datetime = household["first_at"]
    given = ConsentRow(customer_id, Channel.EMAIL, True, SOURCE, first, proof=_PROOF)
    if not withdrew(household["household_id"]):
        return [given]
    left = max(WITHDRAWN_AT, first + timedelta(days=1))
    return [given, ConsentRow(customer_id, Channel.EMAIL, False, SOURCE, left, proof=_PROOF)]
