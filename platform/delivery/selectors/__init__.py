"""Reads of the outbox and of the mailbox."""

from delivery.selectors.runs import Breakdown, breakdown, reasons, repeats, skip_reasons, total

__all__ = ["Breakdown", "breakdown", "reasons", "repeats", "skip_reasons", "total"]
