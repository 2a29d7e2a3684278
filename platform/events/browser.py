"""What a browser may say: events that come with a publishable key.

Everybody can read such a key, so what comes with it is a claim. It is told apart by its source, cannot
take back what a server reported, and counts no money unless the shop trusts the key.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from accounts.keys import note_first_event
from accounts.models import ApiKey
from events.models import EventType
from events.services import IngestResult, ingest

SOURCE = "web"
#: Only a server knows of these.
_SERVERS_OWN = {EventType.CANCEL, EventType.REFUND}
_LEAVE_IT = "A publishable key cannot send this. Let your server send it with a secret key."


def ingest_for(
    key: ApiKey, rows: Sequence[Any], *, now: datetime, default_source: str = "api"
) -> IngestResult:
    """Store a batch as `events.services.ingest` does, within what the key may say.

    A publishable key's events get the source `web` whatever they name. Its purchases are kept as
    checkouts that were completed, with their amount among the properties, unless the key is trusted;
    cancellations and refunds are refused, and so are customers named by an address.
    """
    if not key.is_publishable:
        return ingest(rows, now=now, default_source=default_source)
    admitted: list[Any] = []
    places: list[int] = []
    refused: list[dict[str, Any]] = []
    for index, row in enumerate(rows):
        if errors := _refusal(row):
            refused.append({"index": index, "errors": errors})
        else:
            admitted.append(_claim(row, trusted=key.trusted))
            places.append(index)
    result = ingest(admitted, now=now, default_source=SOURCE)
    if result.accepted:
        note_first_event(key, now)
    for entry in (*result.quarantined, *result.rejected):
        entry["index"] = places[entry["index"]]
    result.rejected = sorted([*result.rejected, *refused], key=lambda entry: int(entry["index"]))
    return result


def _refusal(row: Any) -> dict[str, list[str]] | None:
    """Return what a browser may not say, by field.

    An address would be written into somebody's record, and could make two customers look like one.
    """
    if not isinstance(row, Mapping):
        return None  # the parser says so
    if row.get("type") in _SERVERS_OWN:
        return {"type": [_LEAVE_IT]}
    customer = row.get("customer")
    if isinstance(customer, Mapping) and set(customer) - {"external_id"}:
        return {"customer": ["A publishable key names customers by their external_id alone."]}
    return None


def _claim(row: Any, *, trusted: bool) -> Any:
    if not isinstance(row, Mapping):
        return row
    row = {**row, "source": SOURCE}
    if row.get("type") != EventType.PURCHASE or trusted:
        return row
    reported = {"completed": True, "reported_amount": row.pop("amount", None)}
    row.pop("discount", None)
    properties = row.get("properties")
    # What is no object stays, so that the parser names it.
    if properties is None or isinstance(properties, dict):
        row["properties"] = {**(properties or {}), **reported}
    row["type"] = EventType.CHECKOUT.value
    return row
