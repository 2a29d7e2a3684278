"""The page fixed the simulated shop before its first run: the code holds the same numbers."""

import re
from pathlib import Path

from benchmarks.loop.parameters import Parameters

PAGE = Path(__file__).resolve().parents[2] / "docs" / "loop.md"


def test_the_page_and_the_code_hold_the_same_numbers():
    table = PAGE.read_text().split("### Its numbers")[1].split("**Performance")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", table, re.MULTILINE)
    assert rows == Parameters().rows()
    assert len(rows) > 40
