"""Tests: what differed, who got what with which probability, what was measured, and what was found."""

from .designs import Experiment, Layer, Variant
from .holdout import GlobalHoldout, HoldoutMember
from .looks import Snapshot
from .metrics import Metric
from .people import Assignment, Exposure
from .waves import Wave

__all__ = [
    "Assignment",
    "Experiment",
    "Exposure",
    "GlobalHoldout",
    "HoldoutMember",
    "Layer",
    "Metric",
    "Snapshot",
    "Variant",
    "Wave",
]
