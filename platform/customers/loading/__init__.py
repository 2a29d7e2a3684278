"""Customers, consents and suppressions in bulk, with what is needed to take a batch back."""

from customers.loading.changes import Change
from customers.loading.consents import compensate, load_consents
from customers.loading.people import Loaded, load_people, weigh_people
from customers.loading.suppressions import SuppressionRow, load_suppressions, take_back_suppressions
from customers.loading.undo import take_back_people

__all__ = [
    "Change",
    "Loaded",
    "SuppressionRow",
    "compensate",
    "load_consents",
    "load_people",
    "load_suppressions",
    "take_back_people",
    "take_back_suppressions",
    "weigh_people",
]
