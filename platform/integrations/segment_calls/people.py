"""What identify and alias say about people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import ApiKey
from accounts.signatures import is_signed
from core.validation import json_error
from customers.api import CustomerRowSerializer
from customers.identity import Reference, resolve_actors
from customers.models import Customer, Identifier
from customers.services import upsert_customers
from integrations.segment_calls.calls import Call

#: Traits with a meaning, by their name without underscores and in lower case.
_FIELDS = {
    "email": "email",
    "phone": "phone",
    "firstname": "first_name",
    "lastname": "last_name",
    "birthday": "birthday",
    "locale": "locale",
    "timezone": "time_zone",
}
_TAKEN_ELSEWHERE = {"id", "name", "createdat"}
UNTRUSTED = "This key may not write what is known about customers. Send it from your server, or sign the id."
KNOWN = "This customer is known already. Send it from your server, or sign the id."
ANONYMOUS = "Traits are kept for customers. Send the userId with them."


@dataclass(slots=True)
class Told:
    """What became of traits: by place in the batch, those that were not stored and why."""

    ignored: dict[int, dict[str, list[str]]] = field(default_factory=dict)


def describe(calls: Mapping[int, Call], key: ApiKey, now: datetime) -> Told:
    """Store the traits of identify calls, by place in the batch, as far as the key may.

    A secret key writes; a browser's word counts for oneself when the shop's server signed the id, and,
    with a trusted key, for customers whom nobody has described yet. Later calls win. Single traits that
    are not right are left out and named. A constant number of queries.
    """
    told = Told()
    known = {
        c.external_id: c
        for c in Customer.objects.filter(external_id__in={c.user for c in calls.values() if c.user}).only(
            "external_id", "is_stub", "attributes"
        )
    }
    rows: dict[str, tuple[int, dict[str, Any]]] = {}
    for place, call in calls.items():
        if not call.body:
            continue
        if reason := _refusal(call, key, known):
            told.ignored[place] = {name: [reason] for name in list(call.body)[:50]}
            continue
        row, wrong = _row(call)
        if wrong:
            told.ignored[place] = wrong
        user = str(call.user)
        before = rows.get(user, (0, {"attributes": known[user].attributes if user in known else {}}))[1]
        attributes = {**before.get("attributes", {}), **row.pop("attributes", {})}
        rows[user] = (place, {**before, **row, "external_id": user, "attributes": attributes})
    if rows:
        _store(rows, told, now)
    return told


def _refusal(call: Call, key: ApiKey, known: Mapping[str, Customer]) -> str | None:
    if not call.user:
        return ANONYMOUS
    if not key.is_publishable or is_signed(key, call.user, call.signature):
        return None
    if not key.trusted:
        return UNTRUSTED
    found = known.get(call.user)
    return None if found is None or found.is_stub else KNOWN


def _row(call: Call) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return the fields that are right, and what is wrong with the others."""
    row: dict[str, Any] = {"external_id": call.user}
    attributes: dict[str, Any] = {}
    for name, value in call.body.items():
        plain = name.replace("_", "").lower()
        if plain in _FIELDS:
            # A phone is a number in many a database.
            row[_FIELDS[plain]] = str(value) if type(value) is int else value
        elif plain not in _TAKEN_ELSEWHERE:
            attributes[name] = value
    whole = call.body.get("name")
    if isinstance(whole, str) and not {"first_name", "last_name"} & set(row):
        row["first_name"], _, row["last_name"] = whole.strip().partition(" ")
    address = call.body.get("address")
    country = address.get("country") if isinstance(address, dict) else None
    if isinstance(country, str) and len(country) == 2:
        row["country"] = country.upper()
    wrong: dict[str, list[str]] = {}
    if isinstance(row.get("birthday"), str):
        row["birthday"] = row["birthday"][:10]  # they send a date with its midnight
    checked = CustomerRowSerializer(data=row)
    if not checked.is_valid():
        wrong = {str(name): [str(e) for e in errors] for name, errors in checked.errors.items()}
        checked = CustomerRowSerializer(data={n: v for n, v in row.items() if n not in wrong})
        if not checked.is_valid():
            return {}, wrong
    valid = dict(checked.validated_data)
    if attributes and (error := json_error(attributes)):
        wrong["traits"] = [error]
    elif attributes:
        valid["attributes"] = attributes
    return valid, wrong


def _store(rows: Mapping[str, tuple[int, dict[str, Any]]], told: Told, now: datetime) -> None:
    places = [place for place, _ in rows.values()]
    wanted = [row for _, row in rows.values()]
    result = upsert_customers(wanted, now)
    if not result.rejected:
        return
    # An address that is somebody else's must not keep out the rest.
    again = []
    for index, errors in result.rejected.items():
        told.ignored.setdefault(places[index], {}).update(errors)
        again.append({name: v for name, v in wanted[index].items() if name not in errors})
    upsert_customers(again, now)


def visitors(calls: Iterable[Call]) -> list[tuple[str, str]]:
    """Return (anonymous id, customer id) as identify and alias name them, in order of their calls.

    Events that carry both join by themselves.
    """
    pairs = []
    for call in calls:
        if call.kind == "identify" and call.user and call.visitor:
            pairs.append((call.visitor, call.user))
        if call.kind == "alias" and call.user and call.previous and call.previous != call.user:
            pairs.append((call.previous, call.user))
    return list(dict.fromkeys(pairs))


def ensure(users: Iterable[str], now: datetime) -> dict[str, int]:
    """Return the customers of the ids; those unknown become incomplete ones where the shop takes such."""
    wanted = sorted(set(users))
    references = [Reference(Identifier.Kind.EXTERNAL_ID, user) for user in wanted]
    actors = resolve_actors(references, now, create=settings.EVENTS_UNKNOWN_CUSTOMERS == "stub")
    return {
        user: actor.customer_id
        for user, actor in zip(wanted, actors, strict=True)
        if actor is not None and actor.customer_id is not None
    }
