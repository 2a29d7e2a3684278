"""The month partitions of the messages."""

from collections.abc import Iterable
from datetime import datetime

from core.partitions import ensure_partitions

#: A message has five versions on its way from waiting to sent. Room for the next two in each page keeps them
#: there, where dead ones make way for them: the table of a sent run is a third as large.
FILLFACTOR = 40


def ensure_message_partitions(months: Iterable[datetime]) -> None:
    """Make the missing ones of these months; a message lies in that of its run's launch."""
    ensure_partitions("delivery_message", months, by_uuid7=True, fillfactor=FILLFACTOR)
