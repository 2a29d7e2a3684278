"""Profiles as a list to take out."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from django.db.models import QuerySet

from core.exports import Column, ExportList, lists
from profiles.models import CustomerProfile
from profiles.selectors import profile_fields, profile_value


def register() -> None:
    """Offer the wide row of the chosen customers, field by field."""
    columns = (
        Column("customer id", lambda profile: profile.customer.external_id),
        Column("as of", lambda profile: profile.as_of.isoformat()),
        *(Column(info.name.replace("_", " "), _cell(info.name)) for info in profile_fields()),
    )
    permission = "integrations.export_customers"
    lists.add("profiles.customerprofile", ExportList("profiles", "profiles", permission, columns, _chosen))


def _chosen(chosen: QuerySet[Any]) -> QuerySet[Any]:
    return chosen.select_related("customer", "persona", "top_category").order_by("pk")


def _cell(name: str) -> Callable[[CustomerProfile], Any]:
    def value(profile: CustomerProfile) -> Any:
        found = profile_value(profile, name)
        if isinstance(found, datetime):
            return found.isoformat()
        return orjson.dumps(found).decode() if isinstance(found, (dict, list)) else found

    return value
