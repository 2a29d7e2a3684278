"""Imports as long work that a person can start and watch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.jobs import Progress
from integrations.datasets import DATASETS


def import_dataset(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Load a public data set; safe to run again after a crash, since what is in stays single."""
    load = DATASETS[parameters["dataset"]]
    return dict(load(now=now, progress=progress, households=parameters.get("households")))
