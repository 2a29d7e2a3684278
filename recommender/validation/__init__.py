"""Splits in time, the protocol, paired intervals, reports, and choosing a model."""
