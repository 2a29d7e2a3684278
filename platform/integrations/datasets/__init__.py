"""Public data sets that fill a shop with real history."""

from integrations.datasets import complete_journey
from integrations.datasets.base import Dataset

DATASETS: dict[str, Dataset] = {complete_journey.NAME: complete_journey.load}

__all__ = ["DATASETS", "Dataset"]
