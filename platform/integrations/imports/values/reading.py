"""How the cells of a file are read."""

from dataclasses import dataclass
from datetime import UTC, tzinfo

#: In which order the numbers of 03/04/2026 stand.
DATE_ORDERS = ("dmy", "mdy")


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells are read: what the person chose, or what the file itself shows.

    `date_order` is for 03/04/2026 only; `decimal` is “.” or “,”; times without a zone are in `zone`.
    """

    date_order: str = "dmy"
    decimal: str = "."
    zone: tzinfo = UTC
    country: str = ""
    currency: str = ""
