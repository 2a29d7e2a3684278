"""Reads of the outbox and of the mailbox."""

from delivery.selectors.runs import Breakdown, breakdown, reasons, repeats, skip_reasons

__all__ = ["Breakdown", "breakdown", "reasons", "repeats", "skip_reasons"]
