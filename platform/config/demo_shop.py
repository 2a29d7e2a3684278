"""What `var/demo.json` says about the shop: the demo's name, address and fixed day."""

import json
from pathlib import Path


def read(var: Path) -> dict[str, str]:
    """Return the shop's part of the demo's file; empty where there is no demo."""
    try:
        found = json.loads((var / "demo.json").read_text())
    except (OSError, ValueError):
        return {}
    return {name: str(found.get(name, "")) for name in ("shop_name", "postal_address", "as_of")}
