"""Codes by the hundred thousand, as work that a person can watch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.files.storage import default_storage

from accounts.jobs import Progress

from . import pools
from .models import CouponPool

GENERATE, TAKE_OVER = "coupon_codes", "coupon_file"


def generate(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Generate codes: `pool`, `count`."""
    pool = CouponPool.objects.get(pk=parameters["pool"])
    return {"added": pools.generate_codes(pool, parameters["count"], now=now, progress=progress)}


def take_over(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Take over a partner's file, a code a line: `pool`, `file` (its name in the storage), `limit`.

    The file is removed afterwards: codes are as good as money.
    """
    pool, name = CouponPool.objects.get(pk=parameters["pool"]), parameters["file"]
    try:
        with default_storage.open(name, "rb") as file:
            lines = (line.decode("utf-8-sig", errors="replace") for line in file)
            taken = pools.take_over(pool, lines, now=now, limit=parameters.get("limit", 1), progress=progress)
    finally:
        default_storage.delete(name)
    return {
        "added": taken.added,
        "duplicates": taken.duplicates,
        "invalid": [{"line": line, "error": error} for line, error in taken.invalid],
    }
