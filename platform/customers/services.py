"""Writes of customers, by one name each for views, tasks, commands and admin actions."""

from customers.consent import ConsentRow, record_consents, suppress
from customers.upsert import FIELDS, UpsertResult, upsert_customers

__all__ = ["FIELDS", "ConsentRow", "UpsertResult", "record_consents", "suppress", "upsert_customers"]
